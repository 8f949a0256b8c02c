#include "jobs/message.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>
#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

const Message kMessage{.header = {{"kind", "reply"}, {"text", "R = 1 \"kOhm\"\n"}},
                       .values = {1.0 / 3, -0.0, std::numeric_limits<double>::infinity()}};

TEST(Message, ComesBackBitForBit) {
  std::string bytes = encode(kMessage);
  const auto message = take_message(bytes);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->header, kMessage.header);
  EXPECT_EQ(message->values, kMessage.values);
  EXPECT_TRUE(bytes.empty());
}

TEST(Message, IsTakenOnlyWhenItIsComplete) {
  const std::string bytes = encode(kMessage);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    std::string part = bytes.substr(0, length);
    EXPECT_FALSE(take_message(part).has_value()) << length;
    EXPECT_EQ(part.size(), length);
  }
}

TEST(Message, LeavesTheNextMessageInTheBuffer) {
  std::string bytes = encode({.header = {{"k", 1}}, .values = {}}) + encode(kMessage) + "rest";
  EXPECT_EQ(take_message(bytes)->header.at("k"), 1);
  EXPECT_EQ(take_message(bytes)->values.size(), 3u);
  EXPECT_EQ(bytes, "rest");
}

TEST(Message, TextThatIsNotUtf8DoesNotBreakIt) {
  std::string bytes = encode({.header = {{"text", "27 \xb0 C"}}, .values = {}});
  EXPECT_EQ(take_message(bytes)->header.at("text"), "27 \xef\xbf\xbd C");
}

std::string problem_with(std::string bytes) {
  try {
    while (take_message(bytes)) continue;
  } catch (const DataError& e) {
    return e.what();
  }
  return "none";
}

TEST(Message, OtherBytesAreAnError) {
  EXPECT_EQ(problem_with(std::string(24, '\xff')),
            "message between programs: expected one, found other bytes");
  EXPECT_NE(problem_with(encode({.header = "text"})).find("expected a JSON object"),
            std::string::npos);
  std::string no_json = encode({.header = {{"k", 1}}});
  no_json.back() = 'x';
  EXPECT_NE(problem_with(no_json).find("header of a message"), std::string::npos);
}

// Bytes 4 to 7 are the version, 8 to 15 the length of the header, 16 to 23 the number of values.
TEST(Message, OfAnotherVersionOrTooLargeIsAnError) {
  std::string other = encode(kMessage);
  other[4] = 2;
  EXPECT_EQ(problem_with(other),
            "message between programs: expected version 1, found 2; programs of one build belong "
            "together");
  for (const std::size_t place : {13u, 21u}) {
    std::string large = encode(kMessage);
    large[place] = 1;
    EXPECT_NE(problem_with(large).find("message between programs: expected at most"),
              std::string::npos);
  }
}

TEST(Message, NestedDeeplyIsAnError) {
  nlohmann::json tree = 1;
  for (int i = 0; i < 1000; ++i) tree = nlohmann::json::array({tree});
  EXPECT_NE(problem_with(encode({.header = {{"k", tree}}})).find("levels of nesting"),
            std::string::npos);
}

TEST(Message, GoesThroughAPipe) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  EXPECT_TRUE(send(ends[1], kMessage));
  ::close(ends[1]);
  const auto message = receive(ends[0]);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->values, kMessage.values);
  EXPECT_FALSE(receive(ends[0]).has_value());
  ::close(ends[0]);
}

}  // namespace
}  // namespace psi_xlstm
