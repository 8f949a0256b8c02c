#include "core/program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <system_error>
#include <thread>

namespace psi_xlstm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollInterval{2};

// A file in memory. Standard input, output and errors of the program are such files, not pipes, so
// neither side can block the other.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("psi", MFD_CLOEXEC)) {}
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  int descriptor() const { return descriptor_; }

  // Fills the file and goes back to its start; false if the system refuses.
  bool fill(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return ::lseek(descriptor_, 0, SEEK_SET) == 0;
  }

  std::string contents() const {
    std::string bytes;
    std::array<char, 1 << 16> buffer;
    while (true) {
      const auto position = static_cast<off_t>(bytes.size());
      const ssize_t count = ::pread(descriptor_, buffer.data(), buffer.size(), position);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return bytes;
      bytes.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  int descriptor_;
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The error code of starting the program, or 0 and its process id in `process`.
int start(std::vector<std::string>& arguments,
          const MemoryFile& input,
          const MemoryFile& output,
          const MemoryFile& errors,
          pid_t& process) {
  const char* search_path = std::getenv("PATH");
  std::vector<std::string> environment = {
      fmt::format("PATH={}", search_path ? search_path : "/usr/bin:/bin"), "LC_ALL=C.UTF-8"};
  if (const char* folder = std::getenv("TMPDIR")) {
    environment.push_back(fmt::format("TMPDIR={}", folder));
  }
  posix_spawn_file_actions_t actions;
  if (const int code = ::posix_spawn_file_actions_init(&actions); code != 0) return code;
  ::posix_spawn_file_actions_adddup2(&actions, input.descriptor(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output.descriptor(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, errors.descriptor(), STDERR_FILENO);
  const int code = ::posix_spawnp(&process, arguments.front().c_str(), &actions, nullptr,
                                  pointers_to(arguments).data(), pointers_to(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  return code;
}

// The wait status of `process`, or nothing if it had to be killed at the end of `seconds`.
std::optional<int> wait_for(pid_t process, double seconds) {
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  int status = 0;
  while (true) {
    const pid_t done = ::waitpid(process, &status, WNOHANG);
    if (done == process) return status;
    if (done < 0 && errno != EINTR) return std::nullopt;
    if (Clock::now() > end) break;
    std::this_thread::sleep_for(kPollInterval);
  }
  ::kill(process, SIGKILL);
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) continue;
  return std::nullopt;
}

}  // namespace

bool ProgramOutcome::succeeded() const {
  return status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0;
}

ProgramOutcome run_program(std::vector<std::string> arguments,
                           std::string_view input,
                           double time_limit) {
  const MemoryFile in, out, errors;
  ProgramOutcome outcome;
  if (in.descriptor() < 0 || out.descriptor() < 0 || errors.descriptor() < 0 || !in.fill(input)) {
    outcome.start_error = errno;
    return outcome;
  }
  pid_t process = 0;
  outcome.start_error = start(arguments, in, out, errors, process);
  if (outcome.start_error != 0) return outcome;
  outcome.status = wait_for(process, time_limit);
  outcome.output = out.contents();
  outcome.errors = errors.contents();
  return outcome;
}

std::optional<std::filesystem::path> find_program(const std::string& name) {
  const auto is_program = [](const std::filesystem::path& file) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
  };
  if (name.find('/') != name.npos) {
    return is_program(name) ? std::optional<std::filesystem::path>(name) : std::nullopt;
  }
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto place = std::filesystem::path(folder) / name;
    if (!folder.empty() && is_program(place)) return place;
  }
  return std::nullopt;
}

std::string line_with_error(const std::string& text) {
  std::istringstream lines(text);
  std::string first;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("error") != line.npos) return line.substr(0, 300);
    if (first.empty()) first = line.substr(0, 300);
  }
  return first;
}

}  // namespace psi_xlstm
