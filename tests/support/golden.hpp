#pragma once

/// @file
/// Comparison of a text with a file that was reviewed once.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "support/paths.hpp"

namespace psi_xlstm::testing {

/// The line of `text` in which the byte `position` stands, without its end.
inline std::string line_at(const std::string& text, std::size_t position) {
  if (position >= text.size()) return "(end of text)";
  const std::size_t before = position == 0 ? std::string::npos : text.rfind('\n', position - 1);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return text.substr(begin, text.find('\n', position) - begin);
}

/// One paragraph on the first byte in which `found` differs from `expected`; empty if none does.
inline std::string first_difference(const std::string& expected, const std::string& found) {
  if (expected == found) return "";
  const auto [e, f] = std::mismatch(expected.begin(), expected.end(), found.begin(), found.end());
  const auto position = static_cast<std::size_t>(e - expected.begin());
  const auto line = 1 + std::count(expected.begin(), e, '\n');
  std::ostringstream text;
  text << "first difference in line " << line << "\n  expected: " << line_at(expected, position)
       << "\n  found:    " << line_at(found, position);
  return text.str();
}

/// Fails with the first difference unless `text` equals tests/golden/<name> byte for byte. With
/// UPDATE_GOLDEN=1 in the environment it writes the file instead; the change is then reviewed.
inline void expect_golden(const std::string& text, const std::string& name) {
  const auto file = std::filesystem::path(testing::kTestDir) / "golden" / name;
  const char* update = std::getenv("UPDATE_GOLDEN");
  if (update != nullptr && std::string(update) == "1") {
    std::ofstream out(file, std::ios::binary);
    out << text;
    ASSERT_TRUE(out.good()) << "cannot write " << file;
    return;
  }
  std::ifstream in(file, std::ios::binary);
  ASSERT_TRUE(in.good()) << "cannot read " << file << "; UPDATE_GOLDEN=1 writes it";
  std::ostringstream expected;
  expected << in.rdbuf();
  EXPECT_EQ(first_difference(expected.str(), text), "") << name << "; UPDATE_GOLDEN=1 rewrites it";
}

}  // namespace psi_xlstm::testing
