#include "jobs/message.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "core/json/json_reader.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::uint32_t kMark = 0x697370;  // "psi"
constexpr std::uint32_t kProtocolVersion = 1;
constexpr std::uint64_t kLargestHeader = std::uint64_t{1} << 28;  // [bytes]
constexpr std::uint64_t kMostValues = std::uint64_t{1} << 31;

struct Lead {
  std::uint32_t mark = kMark;
  std::uint32_t version = kProtocolVersion;
  std::uint64_t header = 0;  // [bytes]
  std::uint64_t values = 0;  // How many doubles.
};

void check(const Lead& lead) {
  if (lead.mark != kMark) {
    throw DataError("message between programs: expected one, found other bytes");
  }
  if (lead.version != kProtocolVersion) {
    throw DataError(
        fmt::format("message between programs: expected version {}, found {}; programs "
                    "of one build belong together",
                    kProtocolVersion, lead.version));
  }
  if (lead.header > kLargestHeader || lead.values > kMostValues) {
    throw DataError(fmt::format(
        "message between programs: expected at most {} bytes of header and {} values, found one "
        "that claims {} and {}",
        kLargestHeader, kMostValues, lead.header, lead.values));
  }
}

}  // namespace

std::string encode(const Message& message) {
  using nlohmann::json;
  const std::string header = message.header.dump(-1, ' ', false, json::error_handler_t::replace);
  const Lead lead{.header = header.size(), .values = message.values.size()};
  const std::size_t value_bytes = message.values.size() * sizeof(double);

  std::string bytes(sizeof lead + header.size() + value_bytes, '\0');
  char* to = bytes.data();
  std::memcpy(to, &lead, sizeof lead);
  std::copy(header.begin(), header.end(), to + sizeof lead);
  if (value_bytes > 0) {
    std::memcpy(to + sizeof lead + header.size(), message.values.data(), value_bytes);
  }
  return bytes;
}

std::optional<Message> take_message(std::string& buffer) {
  Lead lead;
  if (buffer.size() < sizeof lead) return std::nullopt;
  std::memcpy(&lead, buffer.data(), sizeof lead);
  check(lead);
  const std::size_t value_bytes = lead.values * sizeof(double);
  const std::size_t total = sizeof lead + lead.header + value_bytes;
  if (buffer.size() < total) return std::nullopt;

  Message message;
  const char* from = buffer.data() + sizeof lead;
  message.header = parse_json(std::string_view(from, lead.header),
                              "header of a message between programs", {.bytes = kLargestHeader});
  if (!message.header.is_object()) {
    throw DataError(
        "header of a message between programs: expected a JSON object, found another "
        "value");
  }
  message.values.resize(lead.values);
  if (value_bytes > 0) std::memcpy(message.values.data(), from + lead.header, value_bytes);
  buffer.erase(0, total);
  return message;
}

std::optional<Message> receive(int from) {
  std::string bytes;
  std::array<char, 1 << 16> block;
  while (true) {
    if (auto message = take_message(bytes)) return message;
    const ssize_t count = ::read(from, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    bytes.append(block.data(), static_cast<std::size_t>(count));
  }
}

bool send(int to, const Message& message) {
  const std::string bytes = encode(message);
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = ::write(to, bytes.data() + sent, bytes.size() - sent);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace psi_xlstm
