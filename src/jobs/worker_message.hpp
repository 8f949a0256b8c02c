#pragma once

/// @file
/// What travels between the program and its ngspice worker process: a JSON header and a block of
/// doubles, preceded by the two lengths.
///
/// Messages, by the `kind` of their header:
///   request  program -> worker, once: `library`, `osdi`, `circuit`, `commands`, `scale`,
///            `vectors`, `tables`; the values are the tables (times [s], then volts [V]).
///   text     worker -> program, any number: one line that ngspice printed, in `text`.
///   reply    worker -> program, once, last: `state`, `detail`, `counters`, `vectors`; the values
///            are the vectors, real or as pairs (real, imaginary).

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace psi_xlstm {

/// One message; `values` are the numbers that `header` describes.
struct WorkerMessage {
  nlohmann::json header;
  std::vector<double> values;
};

/// The bytes of `message` as they go through the socket.
std::string encode(const WorkerMessage& message);

/// Removes the first complete message from the front of `buffer` and returns it, or nothing if more
/// bytes are needed. Throws SpiceError if the bytes are no message.
std::optional<WorkerMessage> take_message(std::string& buffer);

}  // namespace psi_xlstm
