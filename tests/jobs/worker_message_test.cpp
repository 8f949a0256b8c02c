#include "jobs/worker_message.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

const WorkerMessage kMessage{.header = {{"kind", "reply"}, {"text", "R = 1 \"kOhm\"\n"}},
                             .values = {1.0 / 3, -0.0, std::numeric_limits<double>::infinity()}};

TEST(WorkerMessage, ComesBackBitForBit) {
  std::string bytes = encode(kMessage);
  const auto message = take_message(bytes);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->header, kMessage.header);
  EXPECT_EQ(message->values, kMessage.values);
  EXPECT_TRUE(bytes.empty());
}

TEST(WorkerMessage, IsTakenOnlyWhenItIsComplete) {
  const std::string bytes = encode(kMessage);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    std::string part = bytes.substr(0, length);
    EXPECT_FALSE(take_message(part).has_value()) << length;
    EXPECT_EQ(part.size(), length);
  }
}

TEST(WorkerMessage, LeavesTheNextMessageInTheBuffer) {
  std::string bytes = encode({.header = {{"k", 1}}, .values = {}}) + encode(kMessage) + "rest";
  EXPECT_EQ(take_message(bytes)->header.at("k"), 1);
  EXPECT_EQ(take_message(bytes)->values.size(), 3u);
  EXPECT_EQ(bytes, "rest");
}

TEST(WorkerMessage, TextThatIsNotUtf8DoesNotBreakIt) {
  std::string bytes = encode({.header = {{"text", "27 \xb0 C"}}, .values = {}});
  EXPECT_EQ(take_message(bytes)->header.at("text"), "27 \xef\xbf\xbd C");
}

TEST(WorkerMessage, OtherBytesAreAnError) {
  std::string lengths(16, '\xff');
  EXPECT_THROW(take_message(lengths), SpiceError);
  std::string no_json = encode({.header = "text", .values = {}});
  EXPECT_THROW(take_message(no_json), SpiceError);
  const std::string deep = std::string(80'000, '[') + std::string(80'000, ']');
  const std::uint64_t sizes[] = {deep.size(), 0};
  std::string nested = std::string(reinterpret_cast<const char*>(sizes), sizeof sizes) + deep;
  EXPECT_THROW(take_message(nested), SpiceError);
}

}  // namespace
}  // namespace psi_xlstm
