#include "core/json/safetensors.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>

#include "core/sha256.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/broken_files.hpp"

namespace psi_xlstm {
namespace {

std::string with_length(std::string_view header, std::string_view data) {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  bytes += header;
  return bytes += data;
}

std::string problem_with_tensors(const std::string& bytes) {
  try {
    parse_safetensors(bytes, "m.safetensors");
  } catch (const DataError& e) {
    return e.what();
  }
  return "none";
}

SafetensorsFile example() {
  return {.tensors = {{"w", {.shape = {2, 3}, .values = {1, 2, 3, 4, 5, -0.0}}},
                      {"b", {.shape = {}, .values = {1e-300}}},
                      {"empty", {.shape = {0, 7}, .values = {}}}},
          .metadata = {{"format", "pt"}, {"config", "{\"a\": \"\xc3\xa9\"}"}}};
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const auto file = parse_safetensors(safetensors_bytes(example()), "m.safetensors");
  EXPECT_EQ(file.metadata, example().metadata);
  ASSERT_EQ(file.tensors.size(), 3U);
  for (const auto& [name, tensor] : example().tensors) {
    EXPECT_EQ(file.tensors.at(name).shape, tensor.shape) << name;
    EXPECT_EQ(file.tensors.at(name).values, tensor.values) << name;
  }
  EXPECT_TRUE(std::signbit(file.tensors.at("w").values[5]));
}

const std::string kTwoNumbers("\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\xc0", 16);  // 1 and -2

// By hand from the format's description and the checksum's; the header of 155 bytes is padded to
// 160.
TEST(Safetensors, WritesTheBytesOfTheFormat) {
  const SafetensorsFile file{.tensors = {{"a", {.shape = {2}, .values = {1.0, -2.0}}}},
                             .metadata = {}};
  EXPECT_EQ(safetensors_bytes(file), with_length("{\"__metadata__\":{\"content_sha256\":\"" +
                                                     sha256_hex("1 a1 2" + kTwoNumbers) +
                                                     "\"},\"a\":{\"dtype\":\"F64\",\"shape\":[2],"
                                                     "\"data_offsets\":[0,16]}}    ",
                                                 kTwoNumbers));
}

// Every bit of a name, a metadata text or a number that is another is seen.
TEST(Safetensors, SeesEveryBitThatHasChanged) {
  const std::string valid = safetensors_bytes(example());
  const std::size_t begin = valid.find("\"config"), end = valid.find("content_sha256");
  const std::size_t values = valid.size() - 7 * sizeof(double);
  ASSERT_LT(begin, end);
  for (std::size_t at = 0; at < valid.size(); ++at) {
    if (!(at > begin && at < end - 2) && at < values) continue;
    for (int bit = 0; bit < 8; ++bit) {
      std::string bytes = valid;
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
      EXPECT_NE(problem_with_tensors(bytes), "none") << at << ", bit " << bit;
    }
  }
}

TEST(Safetensors, SaysThatAFileIsDamaged) {
  std::string bytes = safetensors_bytes(example());
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  EXPECT_EQ(problem_with_tensors(bytes),
            "m.safetensors: expected the content of its content_sha256, found another: the file is "
            "damaged or was changed; take it from where it was written");
}

TEST(Safetensors, ReadsSinglePrecision) {
  const auto file =
      parse_safetensors(with_length(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                                    std::string("\0\0\x80\x3f\0\0\0\xc0", 8)),
                        "m.safetensors");
  EXPECT_EQ(file.tensors.at("a").values, (std::vector<double>{1.0, -2.0}));
}

TEST(Safetensors, SaysWhichTypeItCannotRead) {
  EXPECT_EQ(problem_with_tensors(with_length(
                R"({"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", "12345678")),
            "m.safetensors: tensor \"a\": expected values of type F64 or F32, found \"I64\"");
}

TEST(Safetensors, SaysThatAFileIsOfAnotherFormat) {
  for (const std::string& bytes :
       {std::string(), std::string("1234"), std::string("time_s,voltage_V,current_A\n0,1,2\n"),
        std::string("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10), with_length("[]", "")}) {
    EXPECT_EQ(problem_with_tensors(bytes),
              "m.safetensors: expected a file such as model.safetensors, found another format");
  }
}

TEST(Safetensors, SaysThatAFileIsCutOff) {
  const std::string valid = safetensors_bytes(example());
  EXPECT_EQ(problem_with_tensors(valid.substr(0, valid.size() - 16)),
            "m.safetensors: expected 56 bytes behind its header, found 40: the file is cut off");
  const std::size_t header = valid.size() - 56 - 8;
  EXPECT_EQ(problem_with_tensors(valid.substr(0, 18)), "m.safetensors: expected a header of " +
                                                           std::to_string(header) +
                                                           " bytes, found 10: the file is cut off");
}

TEST(Safetensors, RejectsWhatIsNotAHeader) {
  EXPECT_EQ(problem_with_tensors(with_length("{\"a", "")).substr(0, 36),
            "m.safetensors: expected JSON, found ");
  EXPECT_EQ(problem_with_tensors(with_length(R"({"a":{"b":{"c":{}}}})", "")),
            "m.safetensors: expected at most 3 levels of nesting, found more");
  EXPECT_EQ(problem_with_tensors(with_length(R"({"a":1})", "")),
            "m.safetensors: tensor \"a\": expected an object, found number");
  EXPECT_EQ(problem_with_tensors(with_length(R"({"__metadata__":{"n":1}})", "")),
            "m.safetensors: expected texts in __metadata__, found number");
}

TEST(Safetensors, RejectsNamesThatOccurTwice) {
  const std::string entry = R"({"dtype":"F64","shape":[1],"data_offsets":[0,8]})";
  EXPECT_EQ(
      problem_with_tensors(with_length("{\"a\":" + entry + ",\"a\":" + entry + "}", "12345678")),
      "m.safetensors: expected every key once, found \"a\" twice");
  EXPECT_EQ(problem_with_tensors(with_length(R"({"a":{"dtype":"F64","dtype":"F32"}})", "")),
            "m.safetensors: expected every key once, found \"dtype\" twice");
}

TEST(Safetensors, RejectsOffsetsThatDoNotFitTheData) {
  const auto header = [](const std::string& first, const std::string& second) {
    return "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":" + first +
           "},\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":" + second + "}}";
  };
  const std::string data(16, 'x');
  EXPECT_EQ(problem_with_tensors(with_length(header("[0,8]", "[8,16]"), data)), "none");
  EXPECT_EQ(problem_with_tensors(with_length(header("[0,8]", "[0,8]"), data)),
            "m.safetensors: expected tensor \"b\" to begin at byte 8, found 0");
  EXPECT_EQ(problem_with_tensors(with_length(header("[0,8]", "[8,24]"), data)),
            "m.safetensors: expected 24 bytes behind its header, found 16: the file is cut off");
  EXPECT_EQ(problem_with_tensors(with_length(header("[8,0]", "[8,16]"), data)),
            "m.safetensors: tensor \"a\": expected two rising offsets of at most 16 bytes, found "
            "[8, 0]");
  EXPECT_EQ(problem_with_tensors(with_length(header("[0,8]", "[8,16]"), data + "x")),
            "m.safetensors: expected 16 bytes of data, found 17");
}

TEST(Safetensors, RejectsShapesThatDoNotFitTheBytes) {
  const auto problem = [](const std::string& shape) {
    return problem_with_tensors(with_length(
        "{\"a\":{\"dtype\":\"F64\",\"shape\":" + shape + ",\"data_offsets\":[0,8]}}", "12345678"));
  };
  const std::string start = "m.safetensors: tensor \"a\": expected ";
  EXPECT_EQ(problem("[2]"), start + "8 bytes per value of shape [2], found 8 bytes");
  EXPECT_EQ(problem("[4294967296,4294967297]"),
            start + "8 bytes per value of shape [4294967296, 4294967297], found 8 bytes");
  EXPECT_EQ(problem("[0]"), start + "8 bytes per value of shape [0], found 8 bytes");
  EXPECT_EQ(problem("[-1]"), start + "natural numbers in \"shape\", found -1");
  EXPECT_EQ(problem("[1e0]"), start + "natural numbers in \"shape\", found 1.0");
  EXPECT_EQ(problem("{}"), start + "a list \"shape\", found object");
  EXPECT_EQ(problem("[1,1]"), "none");
}

TEST(Safetensors, RefusesToWriteWhatItCouldNotRead) {
  SafetensorsFile file = example();
  file.tensors["w"].values.pop_back();
  try {
    safetensors_bytes(file);
    FAIL() << "expected a ShapeError";
  } catch (const ShapeError& e) {
    EXPECT_STREQ(e.what(), "tensor \"w\": expected values of shape [2, 3], found 5 values");
  }
  EXPECT_THROW(safetensors_bytes(
                   {.tensors = {{"__metadata__", {.shape = {0}, .values = {}}}}, .metadata = {}}),
               DataError);
  EXPECT_THROW(safetensors_bytes({.tensors = {}, .metadata = {{"a", "\xff"}}}), DataError);
}

// Random damage to a valid file: it is read or refused with a sentence, and nothing else happens.
TEST(Safetensors, SurvivesDamagedFiles) {
  const std::string valid = testing::without_checksum(safetensors_bytes(example()));
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  int refused = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    std::string bytes = valid;
    for (std::size_t i = 0; i <= below(4); ++i) {
      const std::size_t at = below(bytes.size());
      switch (below(5)) {
        case 0:
          bytes[at] = static_cast<char>(below(256));
          break;
        case 1:
          bytes.erase(at, below(9));
          break;
        case 2:
          bytes.insert(at, bytes.substr(below(bytes.size()), below(40)));
          break;
        case 3:
          bytes[at] = "0123456789[]{},:\""[below(17)];
          break;
        default:
          bytes.resize(at + 1);
          break;
      }
      if (bytes.empty()) break;
    }
    if (problem_with_tensors(bytes) != "none") ++refused;
  }
  EXPECT_GT(refused, 10000);
  EXPECT_LT(refused, 20000);
}

}  // namespace
}  // namespace psi_xlstm
