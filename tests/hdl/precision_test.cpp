// Every number of an emitted text reads back exactly.

#include <gtest/gtest.h>

#include <cctype>
#include <cmath>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "hdl/subcircuit.hpp"
#include "hdl/verilog_a.hpp"
#include "support/networks.hpp"
#include "support/recurrent_networks.hpp"

namespace psi_xlstm::hdl {
namespace {

// Ranges and rates without a short decimal form. Above 1e7/s the capacitance of a state is at its
// least, below it follows from the rate.
ir::TrainingBox uneven_box(double rate) {
  return {.voltage_min = {-M_SQRT2},
          .voltage_max = {M_SQRT2},
          .conductance_min = 1e-4 / M_PI,
          .conductance_max = 1e-3 * M_SQRT2,
          .step_max = 1 / (30 * M_PI * rate),
          .duration = 1e3 / (M_PI * rate),
          .drive_frequency = 0.01 * M_PI * rate,
          .median_rate = rate,
          .fastest_rate = 7 * M_SQRT2 * rate};
}

// Networks of which no number has a short decimal form.
std::vector<ir::Network> networks() {
  std::vector<ir::Network> all;
  for (double rate : {1e4 / M_PI, 1e9 / M_PI}) {
    for (StudentHead head : {StudentHead::kExp, StudentHead::kSoftplus, StudentHead::kAffine}) {
      all.push_back(testing::random_student(
          {.states = 2, .rates = 2, .features = 3, .static_features = 2, .head = head}, 6));
      all.back().box = uneven_box(rate);
    }
    for (testing::DrawnNetwork drawn : {testing::drawn_clustering(4), testing::drawn_low_rank()}) {
      drawn.conductance_scale = 1e-3 / M_PI;
      drawn.reference_step = 1 / (40 * M_SQRT2 * rate);
      drawn.box = uneven_box(rate);
      all.push_back(drawn.network("recurrent"));
    }
  }
  return all;
}

// The significant digits of a literal.
int digits_of(const std::string& literal) {
  int digits = 0;
  for (char c : literal.substr(0, literal.find('e'))) {
    if (digits > 0 || c != '0') digits += std::isdigit(static_cast<unsigned char>(c)) != 0;
  }
  return digits;
}

// The literals with a point or an exponent in `text` without its comments.
std::vector<std::string> literals(const std::string& text) {
  static const std::regex kNumber(R"((?:^|[^\w.])(\d+(?:\.\d*)?(?:e[+-]?\d+)?))");
  std::vector<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("*") || line.starts_with("//")) continue;
    for (std::sregex_iterator it(line.begin(), line.end(), kNumber), end; it != end; ++it) {
      const std::string literal = it->str(1);
      if (literal.find_first_of(".e") != literal.npos) found.push_back(literal);
    }
  }
  return found;
}

// Literals of less than 10 digits, but for those that stand in the equations themselves, and the
// scales of random_student().
std::vector<std::string> rounded(const std::string& text) {
  const std::set<std::string> known = {"0.0", "0.1", "0.125",        "0.2",   "1.0",   "4.0",
                                       "5.0", "8.0", "10.0",         "1e-05", "1e-12", "1e-15",
                                       "1e9", "2e9", "1.380649e-23", "2e-04", "1e+06", "1e-30"};
  std::vector<std::string> found;
  for (const std::string& literal : literals(text)) {
    if (digits_of(literal) < 10 && !known.contains(literal)) found.push_back(literal);
  }
  return found;
}

// Of a million doubles one has so short a text by chance.
TEST(EmittedTexts, RoundNoNumber) {
  const std::vector<std::string> none;
  for (const ir::Network& network : networks()) {
    EXPECT_GT(literals(verilog_a(network)).size(), 30U);
    EXPECT_EQ(rounded(verilog_a(network)), none) << network.name;
    EXPECT_EQ(rounded(subcircuit(network)), none) << network.name;
  }
}

}  // namespace
}  // namespace psi_xlstm::hdl
