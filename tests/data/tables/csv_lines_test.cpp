#include "data/tables/csv_lines.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

class CsvLinesTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& bytes) { std::ofstream(file_, std::ios::binary) << bytes; }

  std::vector<std::string> all_lines() const {
    std::vector<std::string> lines;
    CsvLines reader(file_);
    while (const auto line = reader.next()) lines.emplace_back(*line);
    return lines;
  }

  std::string refusal() const {
    try {
      all_lines();
    } catch (const DataError& e) {
      return e.what();
    }
    return "nothing was thrown";
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("psi_csv_lines_test_" + std::to_string(::getpid()));
  std::filesystem::path file_ = folder_ / "a.csv";
};

using Lines = std::vector<std::string>;

TEST_F(CsvLinesTest, DropsLineEndsByteOrderMarkCommentsAndBlankLines) {
  write("\xEF\xBB\xBFone\r\n\r\n  \t\n# comment\n  # too\ntwo \n\nthree");
  EXPECT_EQ(all_lines(), (Lines{"one", "two ", "three"}));
}

TEST_F(CsvLinesTest, CountsEveryLineFromOne) {
  write("# comment\n\none\n\ntwo\n");
  CsvLines reader(file_);
  reader.next();
  EXPECT_EQ(reader.number(), 3U);
  reader.next();
  EXPECT_EQ(reader.where(), file_.string() + ":5");
  EXPECT_EQ(reader.next(), std::nullopt);
}

TEST_F(CsvLinesTest, HasNoLinesInAnEmptyFile) {
  write("");
  EXPECT_EQ(all_lines(), Lines{});
}

// Lines of every length around the size of the buffer come through whole.
TEST_F(CsvLinesTest, KeepsLinesWholeAcrossItsBuffer) {
  std::string bytes;
  Lines expected;
  for (std::size_t i = 0; i < 30; ++i) {
    expected.push_back(std::string(60000 + 137 * i, static_cast<char>('a' + i % 26)));
    bytes += expected.back() + "\n";
  }
  write(bytes);
  EXPECT_EQ(all_lines(), expected);
}

TEST_F(CsvLinesTest, RefusesALongLineBeforeReadingOn) {
  write("head\n" + std::string(65536, 'x') + "\n" + std::string(65537, 'x') + "\n");
  EXPECT_EQ(refusal(), file_.string() + ":3: expected lines of at most 64 KiB, found a longer one");
}

TEST_F(CsvLinesTest, RefusesANulByte) {
  write(std::string("one\ntwo\0three\n", 14));
  EXPECT_EQ(refusal(), file_.string() + ":2: expected plain text, found a NUL byte");
}

// A sparse file of 2 GiB of NUL bytes: reading it whole would take seconds and all memory.
TEST_F(CsvLinesTest, GivesUpOnAHugeBinaryFileAtOnce) {
  write("");
  std::filesystem::resize_file(file_, std::uintmax_t{2} << 30);
  EXPECT_EQ(refusal(), file_.string() + ":1: expected plain text, found a NUL byte");
}

TEST_F(CsvLinesTest, RefusesADirectory) {
  std::filesystem::create_directory(file_);
  EXPECT_EQ(refusal(), file_.string() + ": expected a data file, found a directory");
}

TEST_F(CsvLinesTest, RefusesAMissingFile) {
  EXPECT_EQ(refusal(), file_.string() +
                           ": expected a readable data file, found: No such file or "
                           "directory");
}

TEST_F(CsvLinesTest, RefusesAnUnreadableFile) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read every file";
  write("one\n");
  std::filesystem::permissions(file_, std::filesystem::perms::none);
  EXPECT_EQ(refusal(),
            file_.string() + ": expected a readable data file, found: Permission denied");
}

Lines cells_of(std::string_view line, char separator) {
  CsvCells cells;
  EXPECT_TRUE(cells.split(line, separator));
  Lines texts;
  for (std::size_t i = 0; i < cells.size(); ++i) texts.emplace_back(cells[i]);
  return texts;
}

TEST(CsvCells, AreTrimmed) {
  EXPECT_EQ(cells_of(" 1 ,\t2,3 4 ", ','), (Lines{"1", "2", "3 4"}));
  EXPECT_EQ(cells_of("1;2,5;", ';'), (Lines{"1", "2,5", ""}));
  EXPECT_EQ(cells_of("1\t\t3", '\t'), (Lines{"1", "", "3"}));
}

TEST(CsvCells, MayBeQuoted) {
  EXPECT_EQ(cells_of("\"a,b\", \"say \"\"no\"\"\" ,c", ','), (Lines{"a,b", "say \"no\"", "c"}));
  EXPECT_EQ(cells_of("\"\",\"b\"", ','), (Lines{"", "b"}));
  EXPECT_EQ(cells_of("\"a\",", ','), (Lines{"a", ""}));
}

TEST(CsvCells, NeedTheirClosingQuote) {
  CsvCells cells;
  EXPECT_FALSE(cells.split("1,\"2,3", ','));
}

TEST(CsvNumber, TakesEveryUsualForm) {
  EXPECT_EQ(csv_number("1"), 1.0);
  EXPECT_EQ(csv_number("+1.5e-3"), 1.5e-3);
  EXPECT_EQ(csv_number("-.5"), -0.5);
  EXPECT_EQ(csv_number("2E6"), 2e6);
  EXPECT_EQ(csv_number("1e999"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(csv_number("1e-999"), 0.0);
  EXPECT_TRUE(std::isnan(csv_number("nan").value()));
}

TEST(CsvNumber, RefusesEverythingElse) {
  for (const char* text : {"", "+", "-", "+-1", "++1", "1.5x", "0x10", "1,5", "1 2", "one", "e5"}) {
    EXPECT_EQ(csv_number(text), std::nullopt) << text;
  }
}

TEST(SameInAnyCase, ComparesTheLettersOfAsciiAlone) {
  EXPECT_TRUE(same_in_any_case("mA[1]", "Ma[1]"));
  EXPECT_FALSE(same_in_any_case("mA", "mAs"));
  EXPECT_FALSE(same_in_any_case("[", "{"));  // a case apart, were they letters
  EXPECT_FALSE(same_in_any_case("\xC3\xA9", "\xC3\x89"));
}

TEST(Shown, CutsAndCleansWhatItQuotes) {
  EXPECT_EQ(shown("abc"), "\"abc\"");
  EXPECT_EQ(shown("a\x01\x1B[31m\xC3\xA9"), "\"a??[31m??\"");
  EXPECT_EQ(shown(std::string(100, 'x')), '"' + std::string(40, 'x') + '"');
}

}  // namespace
}  // namespace psi_xlstm
