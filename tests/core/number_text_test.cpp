#include "core/number_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "core/json/json_reader.hpp"
#include "core/process.hpp"
#include "core/seconds.hpp"
#include "data/tables/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

TEST(Shortest, WritesTheFewestDigits) {
  EXPECT_EQ(shortest(0.1), "0.1");
  EXPECT_EQ(shortest(1.0), "1.0");
  EXPECT_EQ(shortest(-0.0), "-0.0");
  EXPECT_EQ(shortest(1e-25), "1e-25");
  EXPECT_EQ(shortest(1e22), "1e+22");
  EXPECT_EQ(shortest(1.0 / 3.0), "0.3333333333333333");
  EXPECT_EQ(shortest(-123456), "-123456.0");
}

// Verilog-AMS LRM 2.4, A.8.7: real_number ::= digits . digits | digits [. digits] e [sign] digits;
// a sign may stand before it.
bool is_verilog_real(std::string_view text) {
  const auto take_digits = [&] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count > 0;
  };
  const auto take = [&](char c) {
    const bool found = text.starts_with(c);
    if (found) text.remove_prefix(1);
    return found;
  };
  take('-');
  if (!take_digits()) return false;
  const bool point = take('.');
  if (point && !take_digits()) return false;
  const bool exponent = take('e');
  if (exponent && !take('+')) take('-');
  if (exponent && !take_digits()) return false;
  return (point || exponent) && text.empty();
}

TEST(Shortest, IsARealNumberOfVerilogAAndReadsBackExactly) {
  std::mt19937_64 bits(1);
  int tried = 0;
  while (tried < 20000) {
    const double value = std::bit_cast<double>(static_cast<std::uint64_t>(bits()));
    if (!std::isfinite(value)) continue;
    ++tried;
    const std::string text = shortest(value);
    double back = 0;
    std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(value)) << text;
    ASSERT_TRUE(is_verilog_real(text)) << text;
  }
}

TEST(Shortest, RefusesWhatNoNetlistCanHold) {
  try {
    shortest(std::numeric_limits<double>::quiet_NaN());
    FAIL() << "expected an EmitError";
  } catch (const EmitError& e) {
    EXPECT_STREQ(e.what(), "number: expected a finite value, found nan");
  }
  EXPECT_THROW(shortest(-std::numeric_limits<double>::infinity()), EmitError);
}

TEST(Engineering, UsesThreeDigitsAndAPrefix) {
  EXPECT_EQ(engineering(12.34e-6, "s"), "12.3 us");
  EXPECT_EQ(engineering(1e-3, "S"), "1.00 mS");
  EXPECT_EQ(engineering(-4700, "Ohm"), "-4.70 kOhm");
  EXPECT_EQ(engineering(1.5, "V"), "1.50 V");
  EXPECT_EQ(engineering(0, "V"), "0 V");
}

TEST(Engineering, RoundsUpToTheNextPrefix) {
  EXPECT_EQ(engineering(999.6e-9, "A"), "1.00 uA");
  EXPECT_EQ(engineering(999.4e-9, "A"), "999 nA");
}

TEST(Engineering, WritesAnExponentBeyondThePrefixes) {
  EXPECT_EQ(engineering(2.5e-19, "A"), "2.50e-19 A");
  EXPECT_EQ(engineering(1e13, "Hz"), "1.00e13 Hz");
}

TEST(Engineering, GivesNoPrefixToUnitsThatAreNotOneWord) {
  EXPECT_EQ(engineering(-14.3, "1/s"), "-14.3 1/s");
  EXPECT_EQ(engineering(7.07e-8, "A^2"), "7.07e-8 A^2");
  EXPECT_EQ(engineering(0.0123, "%"), "0.0123 %");
  EXPECT_EQ(engineering(1234, ""), "1230");
  EXPECT_EQ(engineering(12345, ""), "1.23e4");
}

TEST(Engineering, SaysWhatIsNotANumber) {
  EXPECT_EQ(engineering(std::numeric_limits<double>::quiet_NaN(), "V"), "n/a");
  EXPECT_EQ(engineering(-std::numeric_limits<double>::infinity(), "V"), "-inf");
}

// Sets a locale whose decimal point is a comma for the time of its life, where one can be made.
class CommaLocale {
 public:
  CommaLocale() {
    const auto folder = std::filesystem::path(::testing::TempDir()) / "comma_locale";
    std::filesystem::create_directories(folder);
    run_program({"localedef", "-i", "de_DE", "-f", "UTF-8", (folder / "de_DE.UTF-8").string()}, "",
                60);
    ::setenv("LOCPATH", folder.c_str(), 1);
    std::setlocale(LC_ALL, "de_DE.UTF-8");
  }
  CommaLocale(const CommaLocale&) = delete;
  CommaLocale& operator=(const CommaLocale&) = delete;
  ~CommaLocale() {
    std::setlocale(LC_ALL, "C");
    ::unsetenv("LOCPATH");
  }

  bool is_set() const { return std::strtod("1,5", nullptr) == 1.5; }
};

TEST(Numbers, DoNotDependOnTheLocale) {
  const CommaLocale comma;
  if (!comma.is_set()) GTEST_SKIP() << "no locale with a decimal comma on this machine";
  EXPECT_EQ(engineering(1.234e-5, "s"), "12.3 us");
  EXPECT_EQ(engineering(-0.0987, "1/s"), "-0.0987 1/s");
  EXPECT_EQ(shortest(1.5), "1.5");
  EXPECT_EQ(seconds("0.34ms", "t"), 0.34e-3);
  EXPECT_EQ(parse_json("[1.5, 2e-3]", "j").dump(), "[1.5,0.002]");
  EXPECT_EQ(csv_number("1.5"), 1.5);
  EXPECT_EQ(csv_number("1,5"), std::nullopt);
}

}  // namespace
}  // namespace psi_xlstm
