#include "circuit/includes.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "circuit/circuit.hpp"
#include "core/atomic_file.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

// A folder with a library of two corners, which includes a file of its own folder.
class Includes : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "models");
    write_file(folder_ / "models" / "Corner.lib",
               "* corners\n.LIB slow\n.param speed=0.5\n.ENDL\n\n.lib fast\n.param speed=2\n"
               ".include 'more parts.cir'\n.endl fast\nr9 not in any section\n");
    write_file(folder_ / "models" / "more parts.cir", "* parts\n.param resistance='100/speed'\n");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::vector<std::string> lines_of(const std::string& text) const {
    std::vector<std::string> all;
    for (const DeckLine& line : deck_lines_with_files(text, folder_)) {
      all.push_back(line.place + ": " + line.text);
    }
    return all;
  }

  std::string problem_with(const std::string& text) const {
    try {
      lines_of(text);
    } catch (const SpiceError& e) {
      return e.what();
    }
    return "none";
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "psi_includes";
};

TEST_F(Includes, StandInPlaceOfTheLineThatNamesThem) {
  EXPECT_EQ(lines_of(".include title\n.LIB \"models/Corner.lib\" FAST ; a corner\nr1 a 0 1\n"),
            (std::vector<std::string>{"line 1: .include title", "Corner.lib line 7: .param speed=2",
                                      "more parts.cir line 1: * parts",
                                      "more parts.cir line 2: .param resistance='100/speed'",
                                      "line 3: r1 a 0 1"}));
}

TEST_F(Includes, WhatIsNotThereIsOneSentence) {
  EXPECT_EQ(problem_with("t\n.lib models/Corner.lib typical\n"),
            "netlist line 2: expected a section typical in Corner.lib, found none");
  EXPECT_EQ(problem_with("t\n.lib models/Corner.lib\n"),
            "netlist line 2: expected .lib file section, found .lib models/Corner.lib");
  EXPECT_TRUE(problem_with("t\n\n.include none.cir\n")
                  .starts_with("netlist line 3: expected a file that can be read, found "));
  write_file(folder_ / "open.lib", ".lib all\nr1 a 0 1\n");
  EXPECT_EQ(problem_with("t\n.lib open.lib all\n"),
            "netlist line 2: expected .endl after the section all in open.lib, found none");
}

TEST_F(Includes, AFileThatIncludesItselfEnds) {
  write_file(folder_ / "self.cir", "* self\n.include self.cir\n");
  EXPECT_EQ(problem_with("t\n.include self.cir\n"),
            "self.cir line 2: expected at most 20 files in each other, found .include self.cir");
}

// Everything that a file brings is checked as the deck is, and is told by its own line.
TEST_F(Includes, AreCheckedAsTheDeckIs) {
  const auto problem_of = [&](const std::string& line) {
    write_file(folder_ / "part.cir", "* part\n" + line + "\n");
    write_file(folder_ / "deck.cir",
               "t\n.include part.cir\nv1 a 0 1\nx1 a 0 device\n.tran 1n 1u\n.end\n");
    try {
      read_circuit(folder_ / "deck.cir", testing::one_state());
    } catch (const SpiceError& e) {
      return std::string(e.what()).substr(folder_.string().size() + 1);
    }
    return std::string("none");
  };
  EXPECT_EQ(problem_of("r1 a 0 1k"), "none");
  EXPECT_TRUE(problem_of(".control").starts_with("deck.cir: part.cir line 2: expected an element"));
  EXPECT_TRUE(
      problem_of("v2 b 0 pwl file=x").starts_with("deck.cir: part.cir line 2: expected no file"));
  EXPECT_EQ(problem_of("r1 a 0 1k\nr1 a 0 1k"),
            "deck.cir: part.cir line 3: expected a new name of an element, got r1");
}

TEST_F(Includes, GiveParametersOfTheirSection) {
  write_file(folder_ / "deck.cir",
             "t\n.lib models/Corner.lib fast\nv1 a 0 1\nr1 a b {resistance}\nx1 b 0 device\n"
             ".tran 1n 1u\n.end\n");
  const Circuit circuit = read_circuit(folder_ / "deck.cir", testing::one_state());
  ASSERT_EQ(circuit.not_covered, "");
  ASSERT_EQ(circuit.elements.size(), 2U);
  EXPECT_DOUBLE_EQ(circuit.elements[1].value, 50);
}

}  // namespace
}  // namespace psi_xlstm
