#include "jobs/worker_process.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <string_view>
#include <thread>
#include <utility>

#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/library.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kKeptLines = 100;  // of the first, and as many of the last messages

/// An empty folder that is removed with all its content at the end.
class PrivateFolder {
 public:
  PrivateFolder() {
    std::error_code problem;
    std::string name = (fs::temp_directory_path(problem) / "psi_ngspice_XXXXXX").string();
    if (problem || mkdtemp(name.data()) == nullptr) {
      throw SpiceError(fmt::format("ngspice worker: expected a folder for temporary files, got: {}",
                                   problem ? problem.message() : std::strerror(errno)));
    }
    path_ = name;
  }
  ~PrivateFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// A file descriptor that is closed at the end.
class File {
 public:
  explicit File(int number = -1) : number_(number) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

fs::path worker_path(const SimulatorOptions& options) {
  std::vector<fs::path> places;
  if (!options.worker.empty()) {
    places = {options.worker};
  } else if (const std::string named = environment("PSI_NGSPICE_WORKER"); !named.empty()) {
    places = {named};
  } else {
    std::error_code ignored;
    const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    places = {folder / "psi_ngspice_worker", folder.parent_path() / "psi_ngspice_worker"};
  }
  for (const fs::path& place : places) {
    if (access(place.c_str(), X_OK) == 0 && fs::is_regular_file(place)) return fs::absolute(place);
  }
  throw SpiceError(
      fmt::format("ngspice worker: expected a program at {}, found none", places.front().string()));
}

void complete_request(WorkerMessage& request,
                      const SimulatorOptions& options,
                      const fs::path& folder) {
  std::string library = options.library;
  if (library.empty()) library = default_ngspice_library();
  // The worker runs elsewhere: a relative path means the folder of this process.
  if (library.find('/') != std::string::npos) library = fs::absolute(library).string();
  request.header["kind"] = "request";
  request.header["library"] = library;

  auto& osdi = request.header["osdi"] = nlohmann::json::array();
  for (const fs::path& device : options.osdi) {
    if (!fs::is_regular_file(device)) {
      throw SpiceError(
          fmt::format("OSDI device library: expected a file at {}, found none", device.string()));
    }
    // Links with plain names: a path with blanks would be several words to ngspice.
    const fs::path link = folder / fmt::format("device_{}.osdi", osdi.size());
    fs::create_symlink(fs::absolute(device), link);
    osdi.push_back(link.string());
  }
}

std::vector<std::string> worker_environment(const fs::path& folder) {
  std::vector<std::string> list = {"HOME=" + folder.string(), "LC_ALL=C", "OMP_NUM_THREADS=1"};
  for (const char* const name : {"PATH", "LD_LIBRARY_PATH", "SPICE_LIB_DIR", "SPICE_SCRIPTS"}) {
    if (const std::string value = environment(name); !value.empty()) {
      list.push_back(fmt::format("{}={}", name, value));
    }
  }
  return list;
}

pid_t spawn(const fs::path& worker, const fs::path& folder, int socket) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "log", O_WRONLY | O_CREAT, 0600);

  auto texts = worker_environment(folder);
  std::vector<char*> variables;
  for (std::string& text : texts) variables.push_back(text.data());
  variables.push_back(nullptr);
  std::string name = worker.string();
  char* const arguments[] = {name.data(), nullptr};

  pid_t child = -1;
  const int failed =
      posix_spawn(&child, name.c_str(), &actions, nullptr, arguments, variables.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    throw SpiceError(
        fmt::format("ngspice worker {}: cannot be started: {}", name, std::strerror(failed)));
  }
  return child;
}

/// Talks to the worker until its reply, its end, or the deadline.
class Conversation {
 public:
  Conversation(int socket, std::string request, Clock::time_point deadline)
      : socket_(socket), unsent_(std::move(request)), deadline_(deadline) {}

  enum class End { kReply, kClosed, kTimeLimit };

  End run(WorkerOutcome& outcome) {
    for (;;) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
      if (left.count() <= 0) return End::kTimeLimit;
      const bool sending = sent_ < unsent_.size();
      pollfd wanted{.fd = socket_,
                    .events = static_cast<short>(sending ? POLLIN | POLLOUT : POLLIN),
                    .revents = 0};
      const auto longest = std::min<std::chrono::milliseconds::rep>(left.count(), 1000);
      if (poll(&wanted, 1, static_cast<int>(longest)) <= 0) continue;
      if ((wanted.revents & POLLOUT) != 0) send_some();
      if ((wanted.revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
      if (!receive_some()) return End::kClosed;
      if (take_messages(outcome)) return End::kReply;
    }
  }

 private:
  void send_some() {
    const ssize_t count =
        send(socket_, unsent_.data() + sent_, unsent_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      sent_ += static_cast<std::size_t>(count);
    } else if (errno != EAGAIN && errno != EINTR) {
      sent_ = unsent_.size();  // Nobody reads any more: what it said before is still to be read.
    }
  }

  bool receive_some() {
    const ssize_t count = recv(socket_, block_.data(), block_.size(), MSG_DONTWAIT);
    if (count > 0) received_.append(block_.data(), static_cast<std::size_t>(count));
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
  }

  bool take_messages(WorkerOutcome& outcome) {
    while (auto message = take_message(received_)) {
      if (message->header.value("kind", "") == "reply") {
        outcome.reply = std::move(message);
        return true;
      }
      auto& lines = outcome.messages;
      if (lines.size() >= 2 * kKeptLines) lines.erase(lines.begin() + kKeptLines);
      lines.push_back(message->header.value("text", ""));
    }
    return false;
  }

  int socket_;
  std::array<char, 1 << 16> block_;
  std::string unsent_, received_;
  std::size_t sent_ = 0;
  Clock::time_point deadline_;
};

/// The exit status of `child`, which is killed where it has not ended at the deadline.
int reap(pid_t child, Clock::time_point deadline, bool& killed) {
  int status = 0;
  for (;;) {
    const pid_t ended = waitpid(child, &status, killed ? 0 : WNOHANG);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR) return 0;
    if (!killed && Clock::now() >= deadline) {
      kill(child, SIGKILL);
      killed = true;
    }
    if (!killed) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::string first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line.substr(0, 300);
}

std::string reason_of_end(int status, const fs::path& log) {
  if (WIFSIGNALED(status)) return fmt::format("ngspice ended with signal {}", WTERMSIG(status));
  const std::string said = first_line(log);
  return fmt::format("ngspice ended with exit status {} before it gave a result{}{}",
                     WEXITSTATUS(status), said.empty() ? "" : ": ", said);
}

}  // namespace

WorkerOutcome run_worker(WorkerMessage request, const SimulatorOptions& options) {
  if (!(options.time_limit_s > 0) || options.time_limit_s > 1e8) {
    throw SpiceError(
        fmt::format("ngspice time limit: expected more than 0 s and at most 1e8 s, "
                    "got {} s",
                    options.time_limit_s));
  }
  const fs::path worker = worker_path(options);
  const PrivateFolder folder;
  complete_request(request, options, folder.path());
  // libngspice reads this one instead of the init file in the user's home.
  std::ofstream(folder.path() / ".spiceinit") << "* empty\n";

  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    throw SpiceError(fmt::format("ngspice worker: no socket: {}", std::strerror(errno)));
  }
  const File ours(pair[0]);
  File theirs(pair[1]);
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(options.time_limit_s));
  const pid_t child = spawn(worker, folder.path(), theirs.number());
  theirs.close();

  WorkerOutcome outcome;
  auto end = Conversation::End::kClosed;
  bool killed = false;
  try {
    end = Conversation(ours.number(), encode(request), deadline).run(outcome);
  } catch (...) {
    reap(child, Clock::now(), killed);
    throw;
  }
  const int status = reap(child, deadline, killed);
  if (outcome.reply) return outcome;
  outcome.reason = killed || end == Conversation::End::kTimeLimit
                       ? fmt::format("ngspice did not finish within {} s", options.time_limit_s)
                       : reason_of_end(status, folder.path() / "log");
  return outcome;
}

}  // namespace psi_xlstm
