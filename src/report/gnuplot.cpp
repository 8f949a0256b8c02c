#include "psi_xlstm/report/gnuplot.hpp"

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
#include <optional>
#include <system_error>
#include <thread>

#include "psi_xlstm/report/utf8.hpp"

namespace psi_xlstm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollInterval{2};
constexpr std::size_t kLongestComplaint = 200;

std::string system_reason(int code) { return std::generic_category().message(code); }

// A file in memory. Standard input, output and errors of the program are such files, not pipes, so
// neither side can block the other.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("gnuplot", MFD_CLOEXEC)) {}
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

// The error code of starting `program`, or 0 and its process id in `process`.
int start(std::string program,
          const MemoryFile& input,
          const MemoryFile& output,
          const MemoryFile& errors,
          pid_t& process) {
  const char* search_path = std::getenv("PATH");
  std::string path = fmt::format("PATH={}", search_path ? search_path : "/usr/bin:/bin");
  std::string locale = "LC_ALL=C.UTF-8";
  std::string no_start_up_files = "-d";
  std::array<char*, 3> arguments = {program.data(), no_start_up_files.data(), nullptr};
  std::array<char*, 3> environment = {path.data(), locale.data(), nullptr};

  posix_spawn_file_actions_t actions;
  if (const int code = ::posix_spawn_file_actions_init(&actions); code != 0) return code;
  ::posix_spawn_file_actions_adddup2(&actions, input.descriptor(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output.descriptor(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, errors.descriptor(), STDERR_FILENO);
  const int code = ::posix_spawnp(&process, program.c_str(), &actions, nullptr, arguments.data(),
                                  environment.data());
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

GnuplotResult failure(const std::string& expected, const std::string& found) {
  return {.output = "", .reason = fmt::format("gnuplot: expected {}, found: {}", expected, found)};
}

}  // namespace

GnuplotResult run_gnuplot(const std::string& script, const GnuplotOptions& options) {
  const MemoryFile input;
  const MemoryFile output;
  const MemoryFile errors;
  if (input.descriptor() < 0 || output.descriptor() < 0 || errors.descriptor() < 0 ||
      !input.fill(script)) {
    return failure("memory for its files", system_reason(errno));
  }
  pid_t process = 0;
  if (const int code = start(options.program, input, output, errors, process); code != 0) {
    return failure(fmt::format("to start {}", options.program), system_reason(code));
  }
  const auto status = wait_for(process, options.time_limit);
  if (!status) {
    return failure(fmt::format("an answer within {} s", options.time_limit), "none");
  }
  if (!WIFEXITED(*status) || WEXITSTATUS(*status) != 0) {
    const std::string complaint = printable(errors.contents());
    return failure("to run the script", complaint.empty() ? fmt::format("wait status {}", *status)
                                                          : complaint.substr(0, kLongestComplaint));
  }
  return {.output = output.contents(), .reason = ""};
}

}  // namespace psi_xlstm
