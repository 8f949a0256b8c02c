#pragma once

/// @file
/// The one way in which programs of this project talk: messages of a JSON header for control and a
/// block of doubles for numbers, behind the version of the protocol and the two lengths.
///
/// Messages, by the `kind` of their header:
///   progress  from the program of a job, any number: `done` (0 to 1), `detail` (one line).
///   request   to the ngspice worker, once: `library`, `osdi`, `circuit`, `commands`, `scale`,
///             `vectors`, `tables`; the values are the tables (times [s], then volts [V]).
///   text      from the ngspice worker, any number: one line that ngspice printed, in `text`.
///   reply     from the ngspice worker, once, last: `state`, `detail`, `counters`, `vectors`; the
///             values are the vectors, real or as pairs (real, imaginary).

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace psi_xlstm {

/// One message; `values` are the numbers that `header` describes.
struct Message {
  nlohmann::json header;
  std::vector<double> values = {};
};

/// The bytes of `message` as they go through a pipe or a socket.
std::string encode(const Message& message);

/// Removes the first complete message from the front of `buffer` and returns it, or nothing if more
/// bytes are needed. Throws DataError if the bytes are no message, or one of another version.
std::optional<Message> take_message(std::string& buffer);

/// The next message from the descriptor `from`; nothing where it ends before. Waits for it. Throws
/// as take_message() does.
std::optional<Message> receive(int from);

/// Writes `message` to the descriptor `to`; whether all of it could be.
bool send(int to, const Message& message);

}  // namespace psi_xlstm
