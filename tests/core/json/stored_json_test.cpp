#include "core/json/stored_json.hpp"

#include <gtest/gtest.h>

#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using Json = nlohmann::ordered_json;

template <class Work>
std::string problem_with(const Work& work) {
  try {
    work();
  } catch (const DataError& e) {
    return e.what();
  }
  return "none";
}

TEST(StoredJson, IsReadWithinTheLimitsOfAllJson) {
  EXPECT_EQ(parse_stored_json(R"({"a": [1, {"b": "]]]"}]})").at("a").size(), 2u);
  const std::string deep(200'000, '[');
  EXPECT_EQ(problem_with([&] { parse_stored_json(deep); }).find("metadata: expected at most 100 "),
            0u);
  EXPECT_EQ(problem_with([] { parse_stored_json("{\"a\": "); }).find("metadata: expected JSON"),
            0u);
}

TEST(StoredJson, GivesMembersOfTheWantedKind) {
  const Json tree = Json::parse(
      R"({"i": 7, "big": 12345678901234567890, "x": 1.5, "huge": 1e300, "t": "a", "n": null,
          "l": [1, 2.5], "mixed": [1, "2"], "b": true})");
  EXPECT_EQ(int_member(tree, "i", 0, 7), 7);
  EXPECT_EQ(number_member(tree, "x"), 1.5);
  EXPECT_EQ(positive_member(tree, "i"), 7);
  EXPECT_EQ(number_member_or(tree, "n", 3), 3);
  EXPECT_EQ(text_member(tree, "t"), "a");
  EXPECT_EQ(numbers_member(tree, "l"), (std::vector<double>{1, 2.5}));
  EXPECT_TRUE(bool_member(tree, "b"));
  EXPECT_EQ(problem_with([&] { int_member(tree, "i", 0, 6); }),
            "expected a whole number of 0 to 6 as \"i\", found 7");
  EXPECT_EQ(problem_with([&] { int_member(tree, "big", 0, 6); }),
            "expected a whole number of 0 to 6 as \"big\", found 12345678901234567890");
  EXPECT_EQ(problem_with([&] { int_member(tree, "huge", 0, 6); }),
            "expected a whole number of 0 to 6 as \"huge\", found 1e+300");
  EXPECT_EQ(problem_with([&] { int_member(tree, "x", 0, 6); }),
            "expected a whole number of 0 to 6 as \"x\", found 1.5");
  EXPECT_EQ(problem_with([&] { number_member(tree, "n"); }),
            "expected a number as \"n\", found null");
  EXPECT_EQ(problem_with([&] {
              positive_member(Json{{"p", -1}}, "p");
            }),
            "expected a number > 0 as \"p\", found -1");
  EXPECT_EQ(problem_with([&] { numbers_member(tree, "mixed"); }),
            "expected a list of numbers as \"mixed\", found \"2\"");
  EXPECT_EQ(problem_with([&] { text_member(tree, "l"); }),
            "expected a text as \"l\", found an array of 2");
  EXPECT_EQ(problem_with([&] { bool_member(tree, "t"); }),
            "expected true or false as \"t\", found \"a\"");
  EXPECT_EQ(problem_with([&] { member(tree, "absent"); }), "expected \"absent\", found none");
  EXPECT_EQ(problem_with([&] { member(tree.at("l"), "a"); }),
            "expected an object with \"a\", found an array of 2");
}

// What comes from a file reaches a terminal as plain characters, and not without end.
TEST(Quotation, IsOneShortLineOfPlainCharacters) {
  EXPECT_EQ(quotation("a\x1b[2J\n\xff"), "\"a\\u001b[2J\\n\\ufffd\"");
  EXPECT_EQ(quotation(std::string(5000, 'x')).size(), 83u);
}

}  // namespace
}  // namespace psi_xlstm
