#include "core/leftovers.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <set>
#include <system_error>
#include <thread>

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPatience{500}, kPause{2};

struct Register {
  std::mutex mutex;
  std::set<pid_t> groups;
  std::set<fs::path> folders;
};

// Never destroyed: an interruption may come while the process ends by itself.
Register& all() {
  static Register& one = *new Register;
  return one;
}

// Whether a process of `group` runs. One that has ended is reaped where it is a child of this one.
bool runs(pid_t group) {
  while (::waitpid(-group, nullptr, WNOHANG) > 0) continue;
  return ::kill(-group, 0) == 0;
}

int signal_pipe[2] = {-1, -1};
volatile std::sig_atomic_t interruptions = 0;

void take_interruption(int) {
  const int code = errno;
  interruptions = interruptions + 1;
  if (interruptions > 1) ::_exit(kInterruptedCode);
  (void)!::write(signal_pipe[1], "", 1);
  errno = code;
}

void end_when_told(void (*say)()) {
  char byte = 0;
  while (::read(signal_pipe[0], &byte, 1) < 0 && errno == EINTR) continue;
  // Never given back: nothing begins or ends any more.
  [[maybe_unused]] const auto lock = Leftovers::lock();
  Leftovers::end_all();
  say();
  ::_exit(kInterruptedCode);
}

}  // namespace

std::unique_lock<std::mutex> Leftovers::lock() { return std::unique_lock(all().mutex); }

void Leftovers::add(pid_t group) { all().groups.insert(group); }

void Leftovers::remove(pid_t group) { all().groups.erase(group); }

void Leftovers::add(const fs::path& folder) { all().folders.insert(folder); }

void Leftovers::remove(const fs::path& folder) { all().folders.erase(folder); }

void Leftovers::end_all() {
  const auto give_up = Clock::now() + kPatience;
  for (const pid_t group : all().groups) ::kill(-group, SIGKILL);
  for (const pid_t group : all().groups) {
    while (runs(group) && Clock::now() < give_up) std::this_thread::sleep_for(kPause);
  }
  for (const fs::path& folder : all().folders) {
    std::error_code ignored;  // Another thread of this process may be writing there just now.
    do {
      fs::remove_all(folder, ignored);
    } while (fs::exists(folder, ignored) && Clock::now() < give_up);
  }
}

void end_in_order_when_interrupted(void (*say)()) {
  if (::pipe2(signal_pipe, O_CLOEXEC) != 0) return;  // The default then: an end without order.
  std::thread(end_when_told, say).detach();
  struct sigaction action = {};
  action.sa_handler = take_interruption;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

}  // namespace psi_xlstm
