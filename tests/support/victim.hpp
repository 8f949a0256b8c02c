#pragma once

/// @file
/// A copy of the test's process that can be killed, and what becomes of what it has started.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace psi_xlstm::testing {

/// Waits until `holds()`, at most 60 s, which no machine needs; whether it came to hold.
inline bool comes_to_hold(const std::function<bool()>& holds) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// Whether the process has ended; one that nobody has waited for yet counts.
inline bool has_ended(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return true;
  const char state = text[text.rfind(')') + 2];
  return state == 'Z' || state == 'X';
}

/// A process that runs `work`, which is to wait for its end. Killed at the end of the scope.
class Victim {
 public:
  explicit Victim(const std::function<void()>& work) : process_(::fork()) {
    if (process_ != 0) return;
    try {
      work();
    } catch (...) {
    }
    ::_exit(99);
  }
  ~Victim() {
    if (process_ > 0) end(SIGKILL);
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  /// Sends `signal` and waits for the end; the wait status.
  int end(int signal) {
    int status = 0;
    ::kill(process_, signal);
    ::waitpid(process_, &status, 0);
    process_ = -1;
    return status;
  }

 private:
  pid_t process_;
};

/// The numbers in `file` once there are `count` of them.
inline std::vector<pid_t> numbers_in(const std::filesystem::path& file, std::size_t count) {
  std::vector<pid_t> numbers;
  comes_to_hold([&] {
    numbers.clear();
    std::ifstream stream(file);
    for (pid_t number = 0; stream >> number;) numbers.push_back(number);
    return numbers.size() >= count;
  });
  return numbers;
}

}  // namespace psi_xlstm::testing
