#pragma once

/// @file
/// A job: one call of a program as a JSON file. Whatever runs jobs, a pool on this machine or an
/// engine of a cluster, needs nothing but the file: it calls `program <file>` and looks at how it
/// ends:
///
///   0    done: the outputs are there.
///   1    its input is wrong; the sentence is on standard error, behind "error: ".
///   2    it could not be done (a numerical failure); the same.
///   130  interrupted by SIGINT or SIGTERM: it left what it needs to go on, and does when called
///        again.
///
/// On standard output it sends messages of the kind `progress` (jobs/message.hpp).

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace psi_xlstm {

/// One job.
struct Job {
  std::string kind;     ///< What the program is to do, e.g. "network".
  std::string name;     ///< For messages, e.g. "seed 42, teacher".
  std::string program;  ///< Path, or a name from PATH.
  std::map<std::string, std::filesystem::path> inputs = {};   ///< Files it reads, by their role.
  std::map<std::string, std::filesystem::path> outputs = {};  ///< Files or folders it writes.
  nlohmann::json settings = nlohmann::json::object();         ///< What else the kind needs.
  int seed = 0;                                               ///< Of every random number.

  /// The path of the input or output with this role. Throws ConfigError where there is none.
  const std::filesystem::path& input(const std::string& role) const;
  const std::filesystem::path& output(const std::string& role) const;

  /// The whole number `key` of the settings. Throws ConfigError unless it is there and in
  /// [low, high].
  int number(const std::string& key, int low, int high) const;
};

/// `job` as the text of its file; paths are made absolute.
std::string job_text(const Job& job);

/// The job in `file`. Throws DataError where it cannot be read or is none, or of another version.
Job read_job(const std::filesystem::path& file);

}  // namespace psi_xlstm
