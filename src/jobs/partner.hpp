#pragma once

#include <poll.h>

#include <array>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/process.hpp"
#include "jobs/message.hpp"

namespace psi_xlstm {

/// A program of this project at work for this one: it is sent messages on its standard input, sends
/// messages on its standard output, and says sentences on its standard error. Killed, with what it
/// has started, where it is destroyed before its end.
class Partner {
 public:
  using Told = std::function<void(Message&& message)>;

  /// Starts `command` and will send it `bytes`, after which its input ends. Throws
  /// std::system_error where it cannot be started.
  Partner(const Command& command, std::string bytes);

  /// What poll() is to wait for: a message, a sentence, room for bytes, the end.
  std::array<pollfd, 3> wanted() const;

  /// Sends what can be sent and takes what has come, without waiting; tells `told` of every
  /// message. Returns also where the program never stops talking. Throws DataError where it says
  /// something else than messages.
  void talk(const Told& told);

  /// The wait status once it has ended; all that it sent before can then be taken by talk().
  std::optional<int> ended() { return process_.ended(); }

  /// Whether it has closed its standard output.
  bool is_silent() const { return !socket_.ours.is_open(); }

  bool wait_until(Process::Clock::time_point deadline) { return process_.wait_until(deadline); }
  void send_signal(int signal) const { process_.send(signal); }
  void kill() { process_.kill(); }

  /// What it said: the sentence behind the last "error: ", else the last line, at most 400 bytes.
  std::string said() const;

 private:
  void send_some();
  bool receive_block();
  void listen();

  struct Connection {
    Descriptor ours, theirs;
  };
  static Connection socket();
  static Connection pipe();

  Connection socket_ = socket(), errors_ = pipe();
  Process process_;
  std::string unsent_, received_, said_;
  std::size_t sent_ = 0;
};

/// Where the program `name` of this project is: `named` where it is not empty, else the environment
/// variable `variable`, else in the folder bin/ beside the shared library that this code is in
/// (of Python), else in the folder of the running program, else in the folder above. Throws
/// ConfigError, which begins with `what` and ends with `advice`, where there is none that can be
/// executed.
std::filesystem::path helper_program(const std::string& name,
                                     const std::filesystem::path& named,
                                     const char* variable,
                                     std::string_view what,
                                     std::string_view advice = "");

/// Where psi_trainer is, the program that does the jobs that need LibTorch: the environment
/// variable PSI_TRAINER, else as helper_program() looks. Throws ConfigError where there is none.
std::filesystem::path trainer_program();

/// Takes standard output away from whatever prints in this process: what it then writes there goes
/// to standard error. The descriptor on which messages go out. Throws std::system_error.
Descriptor claim_output();

}  // namespace psi_xlstm
