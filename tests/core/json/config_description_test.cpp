#include "core/json/config_description.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace psi_xlstm {
namespace {

enum class Look { kRound, kFlat };
constexpr auto enum_names(Look) {
  return std::array{EnumName{Look::kRound, "round"}, EnumName{Look::kFlat, "flat"}};
}

struct Side {
  int steps = 3;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("steps", c.steps, between(1, 9).about("Steps of a side"));
  }
};

struct Thing {
  std::string kind = "thing";
  Look shape = Look::kRound;
  double radius = 1.5;
  std::vector<Side> sides;
  std::optional<double> limit;
  bool fast = false;
  std::vector<double> taus = {1, 2};
  Side inner;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("kind", c.kind, one_of({"thing"}));
    visit("shape", c.shape, about("How it looks"));
    visit.only_if(c.shape == Look::kRound, "shape", "radius", c.radius,
                  greater_than(0).about("Of a round one [m]"));
    visit.only_if(c.shape == Look::kFlat, "shape", "sides", c.sides);
    visit("limit", c.limit, at_least(0));
    visit("fast", c.fast);
    visit("taus", c.taus, greater_than(0).about("Times [s]"));
    visit("inner", c.inner);
  }
};

nlohmann::json without_comments(const std::string& text) {
  return nlohmann::json::parse(text, nullptr, true, /*ignore_comments=*/true);
}

TEST(CommentedConfig, ReadsBackAsWhatItDescribes) {
  Thing thing{.shape = Look::kFlat, .sides = {{.steps = 4}, {.steps = 5}}, .limit = 2.5};
  const std::string text = commented_config(describe(thing));
  EXPECT_EQ(config_text(config_from_json<Thing>(without_comments(text), "c.json")),
            config_text(thing));
  const std::string plain = commented_config(describe(Thing{}));
  EXPECT_EQ(config_text(config_from_json<Thing>(without_comments(plain), "c.json")),
            config_text(Thing{}));
}

TEST(CommentedConfig, SaysWhatEveryFieldMeansAndMayBe) {
  EXPECT_EQ(commented_config(describe(Thing{})),
            "{\n"
            "  // (always thing)\n"
            "  \"kind\": \"thing\",\n"
            "  // How it looks (one of round, flat)\n"
            "  \"shape\": \"round\",\n"
            "  // Of a round one [m] (a number > 0; counts with some values of \"shape\")\n"
            "  \"radius\": 1.5,\n"
            "  // (a list of objects; counts with other values of \"shape\")\n"
            "  // \"sides\": [],\n"
            "  // An element of it:\n"
            "  // {\n"
            "    // Steps of a side (an integer in [1, 9])\n"
            "    // \"steps\": 3,\n"
            "  // }\n"
            "  // (a number >= 0; null: not given)\n"
            "  \"limit\": null,\n"
            "  // (true or false)\n"
            "  \"fast\": false,\n"
            "  // Times [s] (a list, each a number > 0)\n"
            "  \"taus\": [1.0,2.0],\n"
            "  \"inner\": {\n"
            "    // Steps of a side (an integer in [1, 9])\n"
            "    \"steps\": 3\n"
            "  }\n"
            "}\n");
}

TEST(JsonSchema, HoldsTypesLimitsChoicesAndDefaults) {
  const nlohmann::ordered_json schema = json_schema(describe(Thing{}));
  const auto& fields = schema["properties"];
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"], nlohmann::ordered_json({"kind"}));
  EXPECT_EQ(fields["shape"]["enum"], nlohmann::ordered_json({"round", "flat"}));
  EXPECT_EQ(fields["radius"]["type"], "number");
  EXPECT_EQ(fields["radius"]["exclusiveMinimum"], 0.0);
  EXPECT_EQ(fields["radius"]["default"], 1.5);
  EXPECT_EQ(fields["limit"]["type"], nlohmann::ordered_json({"number", "null"}));
  EXPECT_EQ(fields["limit"]["minimum"], 0.0);
  EXPECT_EQ(fields["taus"]["items"]["exclusiveMinimum"], 0.0);
  EXPECT_EQ(fields["sides"]["items"]["properties"]["steps"]["maximum"], 9.0);
  EXPECT_EQ(fields["inner"]["properties"]["steps"]["type"], "integer");
}

}  // namespace
}  // namespace psi_xlstm
