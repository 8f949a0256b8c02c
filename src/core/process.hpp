#pragma once

/// @file
/// Other programs as child processes, never through a shell. Whatever ends this process, a signal
/// that cannot be caught included, ends them and what they have started.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/descriptor.hpp"

namespace psi_xlstm {

/// What to start.
struct Command {
  std::vector<std::string> words;  ///< The program, from PATH where it has no slash; arguments.
  std::vector<std::string> environment = {};  ///< All of it, each "NAME=value".
  std::filesystem::path folder = {};          ///< Where it runs; empty: where this process does.
};

/// The environment variable `name`, empty where it is not set.
std::string environment_variable(const char* name);

/// PATH, TMPDIR (`temporary` where that is not empty) and the locale C.UTF-8: what a program needs
/// whose result is to be the same for every user.
std::vector<std::string> plain_environment(const std::filesystem::path& temporary = {});

/// A running program. It is the first of a process group of its own, has no other open files than
/// its three streams, and no signal blocked or ignored.
class Process {
 public:
  using Clock = std::chrono::steady_clock;

  /// Descriptors of this process that become the program's streams; negative: /dev/null.
  struct Streams {
    int input = -1;
    int output = -1;
    int errors = -1;
  };

  /// Starts `command`. Throws std::system_error with the system's reason where it cannot be. The
  /// thread that starts it must not end before it.
  Process(const Command& command, const Streams& streams);
  /// Kills the group if it has not ended, and waits for it.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Readable (POLLIN or POLLHUP) once the program has ended.
  int end_descriptor() const { return life_.number(); }

  /// Waits until it has ended, at most until `deadline`. Whether it has ended.
  bool wait_until(Clock::time_point deadline);

  /// The status as of waitpid() once it has ended; what is left of its group is killed then.
  std::optional<int> ended();

  /// Sends `signal` to the group.
  void send(int signal) const;

  /// Kills the group and waits for its end.
  void kill();

  /// The number of the process group.
  pid_t group() const { return group_; }

 private:
  pid_t group_ = -1;
  Descriptor life_;
  std::optional<int> status_;
};

/// "exit status 3" or "signal 11", for a status as of waitpid().
std::string ending_text(int status);

/// What became of a program.
struct ProgramOutcome {
  int start_error = 0;         ///< errno of the start; 0: it ran.
  std::optional<int> status;   ///< As of waitpid; absent: not started, or killed.
  bool too_much = false;       ///< Killed for more output than allowed.
  double time_limit = 0;       ///< [s]
  std::string output, errors;  ///< What it wrote on standard output and on standard error.

  /// Whether it ended by itself with exit status 0.
  bool succeeded() const;

  /// Why it has not succeeded, in a few words, with the line of what it said that speaks of an
  /// error; empty where it has.
  std::string problem() const;
};

/// Where and with what run_program() runs a program.
struct ProgramSettings {
  std::filesystem::path folder = {};                 ///< Empty: where this process runs.
  std::filesystem::path temporary = {};              ///< Its TMPDIR; empty: that of this process.
  std::size_t most_output = std::size_t{256} << 20;  ///< More is an error [bytes].
};

/// Runs `words` with `input` on standard input in plain_environment(). Kills its group after
/// `time_limit` [s]. Of its errors the first megabyte is kept.
ProgramOutcome run_program(std::vector<std::string> words,
                           std::string_view input,
                           double time_limit,
                           const ProgramSettings& settings = {});

/// The program `name`: itself where it has a slash, else from PATH. Nothing where there is none
/// that can be executed.
std::optional<std::filesystem::path> find_program(const std::string& name);

/// The line of `text`, what a compiler said, that speaks of an error, else its first line; at most
/// 300 characters.
std::string line_with_error(const std::string& text);

/// The time `seconds` from now; at most some years.
Process::Clock::time_point time_after(double seconds);

/// How long poll() may wait for `deadline` at most [ms], rounded up; at most 0.1 s where this
/// thread can be interrupted.
int poll_time(Process::Clock::time_point deadline);

}  // namespace psi_xlstm
