#include "core/json/config_io.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

struct Stage {
  int steps = 3;
  double rate = 0.5;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("steps", c.steps, at_least(1));
    visit("rate", c.rate, between(0, 1));
  }
};

enum class Shape { kRound, kFlat };
constexpr auto enum_names(Shape) {
  return std::array{EnumName{Shape::kRound, "round"}, EnumName{Shape::kFlat, "flat"}};
}

struct Tagged {
  Shape shape = Shape::kRound;
  double radius = 1;
  std::vector<Stage> sides = {{}, {}};

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("shape", c.shape);
    visit.only_if(c.shape == Shape::kRound, "shape", "radius", c.radius, greater_than(0));
    visit.only_if(c.shape == Shape::kFlat, "shape", "sides", c.sides);
  }
};

struct Everything {
  bool fast = false;
  int seed = 42;
  double width = 1.5;
  std::string head = "exp";
  std::string note;
  Stage stage;
  std::vector<double> taus = {1, 2};
  std::vector<Stage> stages;
  std::optional<double> limit;
  std::optional<Stage> extra;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("fast", c.fast);
    visit("seed", c.seed, at_least(0));
    visit("width", c.width, greater_than(0));
    visit("head", c.head, one_of({"exp", "affine"}));
    visit("note", c.note);
    visit("stage", c.stage);
    visit("taus", c.taus, greater_than(0));
    visit("stages", c.stages);
    visit("limit", c.limit, at_least(0));
    visit("extra", c.extra);
  }
};

Everything parsed(const std::string& text) {
  return config_from_json<Everything>(nlohmann::json::parse(text), "c.json");
}

std::string problem_with(const std::string& text) {
  try {
    parsed(text);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "none";
}

TEST(ConfigReader, KeepsTheDefaultOfAMissingKey) {
  EXPECT_EQ(config_text(parsed("{}")), config_text(Everything{}));
  EXPECT_EQ(parsed(R"({"stage": {"steps": 7}})").stage.rate, 0.5);
}

TEST(ConfigReader, ReadsEveryKindOfField) {
  const Everything c = parsed(R"({"fast": true, "seed": 7, "width": 2, "head": "affine",
      "note": "x\ny", "stage": {"steps": 9, "rate": 1}, "taus": [3, 0.5, 4], "limit": 0,
      "stages": [{"steps": 1}, {"rate": 0}], "extra": {"steps": 2}})");
  EXPECT_TRUE(c.fast);
  EXPECT_EQ(c.seed, 7);
  EXPECT_EQ(c.width, 2.0);
  EXPECT_EQ(c.head, "affine");
  EXPECT_EQ(c.note, "x\ny");
  EXPECT_EQ(c.stage.steps, 9);
  EXPECT_EQ(c.taus, (std::vector<double>{3, 0.5, 4}));
  ASSERT_EQ(c.stages.size(), 2U);
  EXPECT_EQ(c.stages[0].steps, 1);
  EXPECT_EQ(c.stages[1].rate, 0.0);
  EXPECT_EQ(c.limit, std::optional<double>(0));
  ASSERT_TRUE(c.extra.has_value());
  EXPECT_EQ(c.extra->steps, 2);
}

TEST(ConfigReader, NullTakesAnOptionalAway) {
  EXPECT_FALSE(parsed(R"({"limit": null})").limit.has_value());
  EXPECT_EQ(problem_with(R"({"width": null})"),
            "c.json: /width: expected a number > 0, found null");
}

TEST(ConfigReader, ReportsAllProblemsOfAFileAtOnce) {
  EXPECT_EQ(problem_with(R"({"fast": 1, "seed": -1, "width": 0, "head": "log", "stage":
      {"steps": 1.5, "rate": 1.25, "stps": 1}, "taus": [1, -2, "x"], "limit": -3, "sed": 1})"),
            "c.json: /fast: expected true or false, found 1\n"
            "c.json: /seed: expected an integer >= 0, found -1\n"
            "c.json: /width: expected a number > 0, found 0\n"
            "c.json: /head: expected one of exp, affine, found \"log\"\n"
            "c.json: /stage/steps: expected an integer >= 1, found 1.5\n"
            "c.json: /stage/rate: expected a number in [0, 1], found 1.25\n"
            "c.json: /stage/stps: expected one of the keys steps, rate, found \"stps\"; the "
            "nearest is \"steps\"\n"
            "c.json: /taus/1: expected a number > 0, found -2\n"
            "c.json: /taus/2: expected a number > 0, found \"x\"\n"
            "c.json: /limit: expected a number >= 0, found -3\n"
            "c.json: /sed: expected one of the keys fast, seed, width, head, note, stage, taus, "
            "stages, limit, extra, found \"sed\"; the nearest is \"seed\"");
}

TEST(ConfigReader, RefusesAnotherStructure) {
  EXPECT_EQ(problem_with("[]"), "c.json: /: expected an object, found []");
  EXPECT_EQ(problem_with(R"({"stage": 3})"), "c.json: /stage: expected an object, found 3");
  EXPECT_EQ(problem_with(R"({"taus": 3})"), "c.json: /taus: expected a list, found 3");
  EXPECT_EQ(problem_with(R"({"stages": [{}, []]})"),
            "c.json: /stages/1: expected an object, found []");
  EXPECT_EQ(problem_with(R"({"note": 3})"), "c.json: /note: expected a text, found 3");
}

TEST(ConfigReader, RefusesIntegersThatDoNotFit) {
  EXPECT_EQ(parsed(R"({"seed": 2147483647})").seed, 2147483647);
  EXPECT_EQ(problem_with(R"({"seed": 2147483648})"),
            "c.json: /seed: expected an integer >= 0 that fits in 32 bits, found 2147483648");
  EXPECT_EQ(
      problem_with(R"({"seed": 18446744073709551615})"),
      "c.json: /seed: expected an integer >= 0 that fits in 32 bits, found 18446744073709551615");
  EXPECT_EQ(problem_with(R"({"seed": 1e3})"),
            "c.json: /seed: expected an integer >= 0, found 1000.0");
}

TEST(Range, HasATextForEveryShape) {
  EXPECT_EQ(greater_than(0).text(), "> 0");
  EXPECT_EQ(at_least(1).text(), ">= 1");
  EXPECT_EQ(between(0, 0.5).text(), "in [0, 0.5]");
  EXPECT_EQ((Range{.low = 0, .high = 1, .open_low = true}.text()), "in (0, 1]");
  EXPECT_EQ((Range{.high = 2}.text()), "<= 2");
  EXPECT_EQ(one_of({"a", "b"}).text(), "one of a, b");
}

std::string tagged_problem(const std::string& text) {
  try {
    config_from_json<Tagged>(nlohmann::json::parse(text), "c.json");
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "none";
}

TEST(ConfigReader, ReadsEnumsByName) {
  const auto flat = nlohmann::json::parse(R"({"shape": "flat"})");
  EXPECT_EQ(config_from_json<Tagged>(flat, "c.json").shape, Shape::kFlat);
  EXPECT_EQ(tagged_problem(R"({"shape": "Flat"})"),
            "c.json: /shape: expected one of round, flat, found \"Flat\"; the nearest is \"flat\"");
  EXPECT_EQ(tagged_problem(R"({"shape": 1})"),
            "c.json: /shape: expected one of round, flat, found 1");
  EXPECT_EQ(name_of(Shape::kFlat), "flat");
  EXPECT_EQ(value_named<Shape>("flat"), Shape::kFlat);
  EXPECT_EQ(value_named<Shape>(""), std::nullopt);
}

TEST(ConfigReader, RefusesAKeyThatTheChosenKindDoesNotUse) {
  EXPECT_EQ(
      tagged_problem(R"({"shape": "flat", "radius": 2})"),
      "c.json: /radius: expected no such key with \"shape\" \"flat\", found 2: it has no effect");
  EXPECT_EQ(tagged_problem(R"({"sides": [{"steps": 1}]})"),
            "c.json: /sides: expected no such key with \"shape\" at its default, found "
            "[{\"steps\":1}]: it has no effect");
  EXPECT_EQ(tagged_problem(R"({"shape": "flat", "sides": [{"steps": 1}]})"), "none");
  // A default changes nothing, so files that name every field can still be read.
  EXPECT_EQ(tagged_problem(R"({"shape": "flat", "radius": 1})"), "none");
}

TEST(ConfigText, LeavesOutWhatTheChosenKindDoesNotUse) {
  EXPECT_EQ(config_tree(Tagged{}).dump(), R"({"shape":"round","radius":1.0})");
  EXPECT_EQ(config_tree(Tagged{.shape = Shape::kFlat, .sides = {}}).dump(),
            R"({"shape":"flat","sides":[]})");
}

TEST(ConfigReader, CutsAFloodOfProblems) {
  nlohmann::json flood;
  for (int i = 0; i < 20'000; ++i) flood["key" + std::to_string(i)] = i;
  const std::string unknown = problem_with(flood.dump());
  EXPECT_LT(unknown.size(), 2000u);
  EXPECT_NE(unknown.find("c.json: /: expected known keys alone, found 19995 more unknown ones"),
            unknown.npos);

  const nlohmann::json list(std::vector<std::string>(5000, std::string(1000, 'x')));
  const std::string wrong = problem_with(nlohmann::json{{"taus", list}}.dump());
  EXPECT_LT(wrong.size(), 3000u);
  EXPECT_NE(wrong.find("c.json: ... and 4980 more problems"), wrong.npos);
  EXPECT_LT(problem_with(nlohmann::json{{"width", list}}.dump()).size(), 200u);
  EXPECT_LT(problem_with(nlohmann::json{{std::string(100'000, 'k'), 1}}.dump()).size(), 300u);
}

TEST(ConfigText, ReadsBackAsItself) {
  Everything config;
  config.width = 1.0 / 3;
  config.note = "\"quoted\" \xc3\xa9";
  config.taus = {1e-300, 0.1};
  config.stages = {{.steps = 5, .rate = 0.1}};
  config.extra = Stage{.steps = 8};
  const std::string text = config_text(config);
  const Everything back = parsed(text);
  EXPECT_EQ(config_text(back), text);
  EXPECT_EQ(back.width, config.width);
  EXPECT_EQ(back.taus, config.taus);
  EXPECT_NE(text, config_text(Everything{}));
}

std::filesystem::path written(const std::string& text) {
  const auto file = std::filesystem::path(::testing::TempDir()) / "config_io_test.json";
  std::ofstream(file) << text;
  return file;
}

TEST(ReadConfig, AllowsCommentsAndNamesTheFile) {
  EXPECT_EQ(read_config<Everything>(written("// why\n{\"seed\": 5 /* five */}")).seed, 5);
  const auto file = written(R"({"seed": true})");
  try {
    read_config<Everything>(file);
    FAIL() << "nothing was thrown";
  } catch (const ConfigError& e) {
    EXPECT_EQ(e.what(), file.string() + ": /seed: expected an integer >= 0, found true");
  }
}

TEST(ReadConfig, RefusesWhatIsNoJsonFile) {
  for (const char* text : {"", "{", "{\"seed\": 1e999}", "{\"note\": \"\xff\"}", "{} {}"}) {
    EXPECT_THROW(read_config<Everything>(written(text)), ConfigError) << text;
  }
  EXPECT_THROW(read_config<Everything>("/nowhere/at/all.json"), ConfigError);
  EXPECT_THROW(read_config<Everything>("/dev/zero"), ConfigError);
  EXPECT_THROW(read_config<Everything>(written(R"({"seed": 1, "seed": 1})")), ConfigError);
  const std::string deep = std::string(300'000, '[') + std::string(300'000, ']');
  EXPECT_THROW(read_config<Everything>(written("{\"seed\": " + deep + "}")), ConfigError);
  EXPECT_THROW(read_config<Everything>(::testing::TempDir()), ConfigError);
}

// A value of any type, with keys that the config knows and keys that it does not.
nlohmann::json random_value(std::mt19937& rng, int depth) {
  static const std::vector<std::string> keys = {"fast",  "seed",  "width",  "head",
                                                "note",  "stage", "stages", "taus",
                                                "limit", "extra", "steps",  "x"};
  switch (rng() % (depth > 0 ? 9 : 7)) {
    case 0:
      return nullptr;
    case 1:
      return rng() % 2 == 0;
    case 2:
      return static_cast<int>(rng() % 5) - 1;
    case 3:
      return rng() * std::uint64_t{4294967296};
    case 4:
      return -1e300 * static_cast<double>(rng());
    case 5:
      return "exp";
    case 6:
      return 0.25;
    case 7: {
      auto list = nlohmann::json::array();
      for (auto i = rng() % 4; i > 0; --i) list.push_back(random_value(rng, depth - 1));
      return list;
    }
    default: {
      auto object = nlohmann::json::object();
      for (auto i = rng() % 5; i > 0; --i) {
        object[keys[rng() % keys.size()]] = random_value(rng, depth - 1);
      }
      return object;
    }
  }
}

TEST(ReadConfig, RandomJsonIsReadOrRefusedAndNothingElse) {
  std::mt19937 rng(7);
  int read = 0, refused = 0;
  for (int i = 0; i < 20000; ++i) {
    const nlohmann::json value = random_value(rng, 3);
    try {
      const Everything config = config_from_json<Everything>(value, "c.json");
      ++read;
      EXPECT_GE(config.seed, 0);
      EXPECT_GT(config.width, 0);
      EXPECT_TRUE(config.head == "exp" || config.head == "affine");
    } catch (const ConfigError&) {
      ++refused;
    }
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace psi_xlstm
