#include "circuit/expression.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

double value_of(const std::string& text) {
  return CircuitExpression(text, {{"g", 2e-4}, {"rwire", 1}}, "here").constant("here");
}

TEST(SpiceNumber, TakesScaleFactorsAndUnits) {
  const std::pair<const char*, double> cases[] = {
      {"1", 1},        {"-2.5", -2.5}, {"1e3", 1e3},  {"1.5k", 1.5e3}, {"10kohm", 1e4},
      {"3meg", 3e6},   {"2g", 2e9},    {"1t", 1e12},  {"5m", 5e-3},    {"7u", 7e-6},
      {"20ns", 20e-9}, {"4p", 4e-12},  {"6f", 6e-15}, {"1e-3u", 1e-9}, {"2mil", 50.8e-6},
      {".5", 0.5},     {"+3", 3},      {"1.2v", 1.2}};
  for (const auto& [text, expected] : cases) {
    EXPECT_DOUBLE_EQ(spice_number(text, "here"), expected) << text;
  }
}

TEST(SpiceNumber, RefusesWhatIsNone) {
  for (const char* text : {"", "k", "1 2", "1+2", "{1}", "nan", "inf", "1e999", "0x", "1k2"}) {
    try {
      const double value = spice_number(text, "line 3");
      // Letters behind a number mean nothing in SPICE.
      EXPECT_STREQ(text, "0x") << value;
    } catch (const SpiceError& e) {
      EXPECT_EQ(std::string(e.what()),
                "line 3: expected a number, got \"" + std::string(text) + "\"");
    }
  }
}

TEST(CircuitExpression, ObeysPrecedence) {
  const std::pair<const char*, double> cases[] = {
      {"1+2*3", 7},       {"(1+2)*3", 9}, {"{g*1.5}", 3e-4},    {"8/2/2", 2},
      {"2-3-4", -5},      {"-2*-3", 6},   {"-(1+1)", -2},       {"1k*2u", 2e-3},
      {"tanh(0.5)/g", 0}, {"exp(1)", 0},  {"ln(2)+sqrt(9)", 0}, {"abs(-rwire)", 1}};
  const double functions[] = {std::tanh(0.5) / 2e-4, std::exp(1.0), std::log(2.0) + 3};
  int next = 0;
  for (const auto& [text, value] : cases) {
    EXPECT_DOUBLE_EQ(value_of(text), value != 0 ? value : functions[next++]) << text;
  }
}

// Every operation, against central differences.
TEST(CircuitExpression, SlopesAreDerivatives) {
  const CircuitExpression e(
      "1.2*tanh(v(a)*(2-v(b,c)))+exp(v(a))/sqrt(4+v(b,c))-ln(3+sin(v(a)))*cos(v(b,c))+abs(v(a))",
      {}, "here");
  const std::size_t count = e.voltages().size();
  ASSERT_EQ(count, 7U);
  EXPECT_EQ(e.voltages()[1].plus, "b");
  EXPECT_EQ(e.voltages()[1].minus, "c");
  std::vector<double> at(count), slopes(count), ignored(count);
  for (std::size_t i = 0; i < count; ++i) at[i] = 0.3 + 0.11 * static_cast<double>(i);
  at.back() = -0.7;
  e.evaluate(at, slopes);
  for (std::size_t i = 0; i < count; ++i) {
    const double step = 1e-6;
    std::vector<double> above = at, below = at;
    above[i] += step;
    below[i] -= step;
    const double expected = (e.evaluate(above, ignored) - e.evaluate(below, ignored)) / (2 * step);
    EXPECT_NEAR(slopes[i], expected, 1e-8) << i;
  }
}

TEST(CircuitExpression, SaysWhatItDoesNotKnow) {
  const std::pair<const char*, const char*> cases[] = {
      {"1+", "here: expected a number or a name in an expression, got \"\""},
      {"(1", "here: expected \")\" in an expression, got \"\""},
      {"g h", "here: expected an operator or the end in an expression, got \"h\""},
      {"foo(1)",
       "here: expected a known parameter, v() or one of tanh exp ln sqrt sin cos abs floor min "
       "max in an expression, got \"foo(1)\""},
      {"v(a)", "here: expected an expression of parameters, got one of v(a)"}};
  for (const auto& [text, message] : cases) {
    try {
      value_of(text);
      ADD_FAILURE() << text;
    } catch (const SpiceError& e) {
      EXPECT_STREQ(e.what(), message);
    }
  }
  EXPECT_THROW(value_of(std::string(100'000, '(')), SpiceError);
}

}  // namespace
}  // namespace psi_xlstm
