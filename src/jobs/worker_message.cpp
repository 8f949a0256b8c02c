#include "jobs/worker_message.hpp"

#include <fmt/core.h>

#include <cstdint>
#include <cstring>

#include "core/json_reader.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::uint64_t kLargestHeader = std::uint64_t{1} << 28;  // [bytes]
constexpr std::uint64_t kMostValues = std::uint64_t{1} << 31;

struct Lengths {
  std::uint64_t header = 0;  ///< [bytes]
  std::uint64_t values = 0;  ///< How many doubles.
};

}  // namespace

std::string encode(const WorkerMessage& message) {
  using nlohmann::json;
  const std::string header = message.header.dump(-1, ' ', false, json::error_handler_t::replace);
  const Lengths lengths{.header = header.size(), .values = message.values.size()};
  const std::size_t value_bytes = message.values.size() * sizeof(double);

  std::string bytes(sizeof lengths + header.size() + value_bytes, '\0');
  char* to = bytes.data();
  std::memcpy(to, &lengths, sizeof lengths);
  std::memcpy(to + sizeof lengths, header.data(), header.size());
  if (value_bytes > 0) {
    std::memcpy(to + sizeof lengths + header.size(), message.values.data(), value_bytes);
  }
  return bytes;
}

std::optional<WorkerMessage> take_message(std::string& buffer) {
  Lengths lengths;
  if (buffer.size() < sizeof lengths) return std::nullopt;
  std::memcpy(&lengths, buffer.data(), sizeof lengths);
  if (lengths.header > kLargestHeader || lengths.values > kMostValues) {
    throw SpiceError(
        fmt::format("ngspice worker: expected a message, got one that claims {} bytes of header "
                    "and {} values",
                    lengths.header, lengths.values));
  }
  const std::size_t value_bytes = lengths.values * sizeof(double);
  const std::size_t total = sizeof lengths + lengths.header + value_bytes;
  if (buffer.size() < total) return std::nullopt;

  WorkerMessage message;
  const char* from = buffer.data() + sizeof lengths;
  try {
    message.header =
        parse_json({from, lengths.header}, "ngspice worker", {.bytes = kLargestHeader});
  } catch (const DataError& e) {
    throw SpiceError(e.what());
  }
  if (!message.header.is_object()) {
    throw SpiceError("ngspice worker: expected a message with a JSON header, got other bytes");
  }
  message.values.resize(lengths.values);
  if (value_bytes > 0) {
    std::memcpy(message.values.data(), from + lengths.header, value_bytes);
  }
  buffer.erase(0, total);
  return message;
}

}  // namespace psi_xlstm
