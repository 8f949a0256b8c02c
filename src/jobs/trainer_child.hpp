#pragma once

// One trainer as a child process: starts it, listens to it, ends it. Used by trainer_process.cpp
// alone.

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/descriptor.hpp"
#include "core/json_reader.hpp"
#include "core/utf8.hpp"
#include "jobs/trainer_process.hpp"
#include "psi_xlstm/core/error.hpp"

extern char** environ;

namespace psi_xlstm {

inline std::string system_reason(int code) { return std::generic_category().message(code); }

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// One thread per process: trainings run side by side already.
inline std::vector<std::string> trainer_environment() {
  std::vector<std::string> list = {"OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1"};
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!text.starts_with("OMP_NUM_THREADS=") && !text.starts_with("OPENBLAS_NUM_THREADS=")) {
      list.emplace_back(text);
    }
  }
  return list;
}

inline std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

// The sentence in what a trainer said: behind the last "error: ", else its last line.
inline std::string sentence(const std::string& said) {
  constexpr std::size_t kLongestReason = 400;
  std::string text = said;
  if (const auto at = text.rfind("error: "); at != std::string::npos) {
    text = text.substr(at + 7);
  } else {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    text = text.substr(text.rfind('\n') + 1);
  }
  text = printable(text);
  while (text.ends_with(' ')) text.pop_back();
  return text.substr(0, kLongestReason);
}

// A running trainer. Ended by force where it is destroyed before its end.
class Trainer {
 public:
  Trainer(const std::filesystem::path& program, const TrainerJob& job, std::size_t index)
      : index_(index) {
    Descriptor theirs_out, theirs_errors;
    pipe_to(out_, theirs_out);
    pipe_to(errors_, theirs_errors);
    start(program, job, theirs_out.number(), theirs_errors.number());
  }
  ~Trainer() {
    if (process_ <= 0) return;
    kill(SIGKILL);
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) continue;
  }
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  std::size_t index() const { return index_; }
  double duration() const { return seconds_since(started_); }
  std::array<pollfd, 2> polled() const {
    return {pollfd{.fd = out_.number(), .events = POLLIN, .revents = 0},
            pollfd{.fd = errors_.number(), .events = POLLIN, .revents = 0}};
  }
  void kill(int signal) const {  // the whole group
    if (process_ > 0) ::kill(-process_, signal);
  }

  // Reads what has been said; tells `progress` of every line of it.
  void listen(const TrainerProgress& progress) {
    constexpr std::size_t kKeptErrors = 8192;
    take(errors_, said_);
    if (said_.size() > kKeptErrors) said_.erase(0, said_.size() - kKeptErrors);
    take(out_, unread_);
    for (auto end = unread_.find('\n'); end != std::string::npos; end = unread_.find('\n')) {
      tell(unread_.substr(0, end), progress);
      unread_.erase(0, end + 1);
    }
  }

  // The wait status, once the process has ended.
  std::optional<int> ended() {
    int status = 0;
    if (::waitpid(process_, &status, WNOHANG) != process_) return std::nullopt;
    process_ = -1;
    return status;
  }

  std::string said() const { return sentence(said_); }

 private:
  static void pipe_to(Descriptor& ours, Descriptor& theirs) {
    int pair[2];
    if (::pipe2(pair, O_CLOEXEC) != 0) {
      throw ConfigError(fmt::format("trainer: expected a pipe, found: {}", system_reason(errno)));
    }
    ours = Descriptor(pair[0]);
    theirs = Descriptor(pair[1]);
    ::fcntl(ours.number(), F_SETFL, O_NONBLOCK);
  }

  void start(const std::filesystem::path& program, const TrainerJob& job, int out, int errors) {
    std::vector<std::string> words = {program.string()};
    words.insert(words.end(), job.arguments.begin(), job.arguments.end());
    std::vector<std::string> variables = trainer_environment();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int code = posix_spawn(&process_, words.front().c_str(), &actions, &attributes,
                                 pointers(words).data(), pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (code == 0) return;
    process_ = -1;
    throw ConfigError(fmt::format("trainer {}: expected a program that can be started, found: {}",
                                  program.string(), system_reason(code)));
  }

  static void take(Descriptor& from, std::string& to) {
    std::array<char, 1 << 12> block;
    while (from.number() >= 0) {
      const ssize_t count = ::read(from.number(), block.data(), block.size());
      if (count > 0) {
        to.append(block.data(), static_cast<std::size_t>(count));
      } else if (count < 0 && errno == EINTR) {
        continue;
      } else {
        if (count == 0) from.close();
        return;
      }
    }
  }

  void tell(const std::string& line, const TrainerProgress& progress) const {
    nlohmann::json tree;
    try {
      tree = parse_json(line, "trainer");
    } catch (const DataError&) {
      return;  // not progress
    }
    if (!tree.is_object()) return;
    const auto done = tree.find("done"), detail = tree.find("detail");
    if (done == tree.end() || !done->is_number()) return;
    const bool has_detail = detail != tree.end() && detail->is_string();
    progress(index_, std::clamp(done->get<double>(), 0.0, 1.0),
             has_detail ? printable(detail->get<std::string>()) : "");
  }

  std::size_t index_;
  pid_t process_ = -1;
  Descriptor out_, errors_;
  std::string unread_, said_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace psi_xlstm
