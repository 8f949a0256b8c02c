#include "core/json/json_reader.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

std::string json_problem(const std::string& text, const JsonLimits& limits = {}) {
  try {
    parse_json(text, "f.json", limits);
    parse_ordered_json(text, "f.json", limits);
  } catch (const DataError& e) {
    return e.what();
  }
  return "none";
}

// Reads `text` by `read`, a function of a JsonValue.
template <class Read>
std::string problem_of(const std::string& text, const Read& read) {
  const nlohmann::json tree = parse_json(text, "f.json");
  try {
    read(JsonValue(tree, "f.json"));
  } catch (const DataError& e) {
    return e.what();
  }
  return "none";
}

std::string nested(int levels) {
  return std::string(static_cast<std::size_t>(levels), '[') +
         std::string(static_cast<std::size_t>(levels), ']');
}

TEST(ParseJson, ReadsWhatIsWithinItsLimits) {
  EXPECT_EQ(parse_json(R"({"b": [1, 2.5, null], "a": "x"})", "f").dump(),
            R"({"a":"x","b":[1,2.5,null]})");
  EXPECT_EQ(parse_ordered_json(R"({"b": 1, "a": 2})", "f").dump(), R"({"b":1,"a":2})");
  EXPECT_EQ(parse_json("/* c */ 3 // d", "f", {.comments = true}), 3);
}

// A deep tree overflows the stack of whatever walks it.
TEST(ParseJson, RefusesDeepNesting) {
  EXPECT_EQ(json_problem(nested(100)), "none");
  EXPECT_EQ(json_problem(nested(101)),
            "f.json: expected at most 100 levels of nesting, found more");
  EXPECT_EQ(json_problem(nested(1'000'000)),
            "f.json: expected at most 100 levels of nesting, found more");
  std::string objects;
  for (int i = 0; i < 80'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(json_problem(objects), "f.json: expected at most 100 levels of nesting, found more");
}

TEST(ParseJson, RefusesAKeyThatStandsTwiceInItsObject) {
  EXPECT_EQ(json_problem(R"({"a": {"b": 1}, "c": {"b": 1}, "b": [{"a": 1}, {"a": 1}]})"), "none");
  EXPECT_EQ(json_problem(R"({"a": 1, "b": {"a": 1}, "a": 2})"),
            "f.json: expected every key once, found \"a\" twice");
  EXPECT_EQ(json_problem(R"([{"x": {"y": 1, "y": 1}}])"),
            "f.json: expected every key once, found \"y\" twice");
}

TEST(ParseJson, RefusesWhatIsNoJsonInOneShortLine) {
  for (const char* text : {"", "{", "1e999", "\"\xff\"", "{} {}", "[1,]", "// c\n1"}) {
    EXPECT_EQ(json_problem(text).substr(0, 28), "f.json: expected JSON, found") << text;
    EXPECT_EQ(json_problem(text).find("json.exception"), std::string::npos) << text;
  }
  EXPECT_EQ(json_problem("{\n \"a\": tru}"),
            "f.json: expected JSON, found at line 2, column 10: invalid literal; last read: "
            "'\"a\": tru}'");
  const std::string problem = json_problem("[\"" + std::string(100'000, 'x') + "\x1b");
  EXPECT_LT(problem.size(), 300u);
  EXPECT_EQ(problem.find('\x1b'), problem.npos);
  EXPECT_EQ(json_problem("[1, 2]", {.bytes = 5}),
            "f.json: expected JSON of at most 5 bytes, found 6");
}

TEST(JsonValue, ReadsValuesOfTheRightKind) {
  const nlohmann::json tree = parse_json(
      R"({"i": -3, "d": 2, "b": true, "s": "x", "l": [1, 2], "n": null, "o": [[1.5], []]})", "f");
  const JsonValue value(tree, "f");
  EXPECT_EQ(value.at("i").as<int>(), -3);
  EXPECT_EQ(value.at("d").as<double>(), 2.0);
  EXPECT_TRUE(value.at("b").as<bool>());
  EXPECT_EQ(value.at("s").as<std::string>(), "x");
  EXPECT_EQ(value.at("l").as<std::vector<int>>(), (std::vector<int>{1, 2}));
  EXPECT_EQ(value.at("n").as<std::optional<double>>(), std::nullopt);
  EXPECT_EQ(value.at("d").as<std::optional<double>>(), 2.0);
  EXPECT_EQ(value.at("o").as<std::vector<std::vector<double>>>().front().front(), 1.5);
  EXPECT_EQ(value.value("none", 7), 7);
  EXPECT_EQ(value.value("i", 7), -3);
  EXPECT_EQ(value.at("l").elements()[1].as<int>(), 2);
  EXPECT_EQ(value.at("i").integer(-3), -3);
}

TEST(JsonValue, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(problem_of("{}", [](const JsonValue& v) { v.at("a"); }),
            "f.json: expected \"a\", found none");
  EXPECT_EQ(problem_of("[]", [](const JsonValue& v) { v.at("a"); }),
            "f.json: expected an object, found []");
  EXPECT_EQ(problem_of(R"({"a": [{"b": "x"}]})",
                       [](const JsonValue& v) { v.at("a").elements()[0].at("b").as<int>(); }),
            "f.json/a/0/b: expected an integer of 32 bits, found \"x\"");
  EXPECT_EQ(problem_of("[1, 2]", [](const JsonValue& v) { v.at(0, 3); }),
            "f.json: expected a list of 3, found [1,2]");
}

// What is no integer of the type must not be converted to it: that is undefined behaviour.
TEST(JsonValue, RefusesNumbersThatDoNotFit) {
  for (const char* text : {"1e300", "2.5", "2147483648", "-2147483649", "18446744073709551615",
                           "99999999999999999999", "1.0", "true", "null"}) {
    EXPECT_NE(problem_of(text, [](const JsonValue& v) { v.as<int>(); }), "none") << text;
    EXPECT_NE(problem_of(text, [](const JsonValue& v) { v.integer(-10); }), "none") << text;
  }
  EXPECT_EQ(problem_of("-1", [](const JsonValue& v) { v.integer(0, 9); }),
            "f.json: expected an integer of 0 to 9, found -1");
  EXPECT_EQ(integer_in(nlohmann::json(INT64_MAX)), INT64_MAX);
  EXPECT_EQ(integer_in(nlohmann::json(std::uint64_t{1} << 63)), std::nullopt);
}

TEST(Excerpt, IsShortAndPrintable) {
  EXPECT_EQ(excerpt(nlohmann::json{{"a", {1, 2}}}), R"({"a":[1,2]})");
  EXPECT_EQ(excerpt(std::string(1000, 'x')).size(), 63u);
  EXPECT_EQ(excerpt("\xff"), "\"\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace psi_xlstm
