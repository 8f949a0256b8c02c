#include "core/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <system_error>
#include <utility>

#include "core/interruption.hpp"
#include "core/leftovers.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

constexpr int kParentGone = SIGUSR1;

struct Pipe {
  Descriptor reading, writing;

  Pipe() {
    int pair[2];
    if (::pipe2(pair, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category());
    reading = Descriptor(pair[0]);
    writing = Descriptor(pair[1]);
  }
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// All that a child needs between fork() and exec(), where memory must not be asked for.
struct Start {
  const char* program;
  char* const* words;
  char* const* environment;
  const char* folder;  // Empty: stay.
  Process::Streams streams;
  int problem;  // A child that cannot become the program writes errno here.
  int life;     // Open as long as the keeper lives.
  pid_t parent;
};

void close_from(unsigned first, int flags) {
  if (::close_range(first, ~0U, flags) == 0) return;
  for (int number = static_cast<int>(first); number < 1024; ++number) {
    flags == 0 ? ::close(number) : ::fcntl(number, F_SETFD, FD_CLOEXEC);
  }
}

void reset_signals() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void give_up(const Start& start) {
  const int code = errno;
  (void)!::write(start.problem, &code, sizeof code);
  ::_exit(127);
}

[[noreturn]] void become_program(const Start& start, pid_t keeper) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != keeper) ::_exit(127);
  std::array<int, 3> streams = {start.streams.input, start.streams.output, start.streams.errors};
  for (int& stream : streams) {  // Above the three, so that none is overwritten before its turn.
    const int from = stream >= 0 ? stream : ::open("/dev/null", O_RDWR | O_CLOEXEC);
    stream = ::fcntl(from, F_DUPFD_CLOEXEC, 3);
    if (stream < 0) give_up(start);
  }
  for (int i = 0; i < 3; ++i) {
    if (::dup2(streams[static_cast<std::size_t>(i)], i) < 0) give_up(start);
  }
  if (start.folder[0] != '\0' && ::chdir(start.folder) != 0) give_up(start);
  close_from(3, CLOSE_RANGE_CLOEXEC);
  reset_signals();
  ::execve(start.program, start.words, start.environment);
  give_up(start);
}

// Ends as the program did.
[[noreturn]] void end_with(int status) {
  if (WIFEXITED(status)) ::_exit(WEXITSTATUS(status));
  const rlimit no_core_file{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core_file);
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  ::sigaction(WTERMSIG(status), &action, nullptr);
  ::kill(::getpid(), WTERMSIG(status));
  sigset_t own;  // Of the others, which are blocked still, some may be waiting.
  sigemptyset(&own);
  sigaddset(&own, WTERMSIG(status));
  ::sigprocmask(SIG_UNBLOCK, &own, nullptr);
  ::_exit(128 + WTERMSIG(status));
}

// The first of the group: starts the program and, where the parent ends before it, kills the group,
// which the program alone, killed with its parent, would leave running. Every signal is blocked.
[[noreturn]] void keep_program(const Start& start) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, kParentGone);
  ::prctl(PR_SET_NAME, "psi_keeper");
  if (::getppid() != start.parent) ::_exit(127);
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;  // SIGCHLD may be ignored, and then nobody can be waited for.
  ::sigaction(SIGCHLD, &action, nullptr);
  const pid_t keeper = ::getpid();
  const pid_t program = ::_Fork();
  if (program == 0) become_program(start, keeper);
  if (program < 0) give_up(start);
  ::dup2(start.life, 0);
  close_from(1, 0);
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGCHLD);
  sigaddset(&awaited, kParentGone);
  while (true) {
    int status = 0;
    if (::waitpid(program, &status, WNOHANG) == program) end_with(status);
    ::sigwaitinfo(&awaited, nullptr);
    if (::getppid() != start.parent) ::kill(0, SIGKILL);
  }
}

// Blocks every signal in this thread until the end of the scope.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t every;
    sigfillset(&every);
    ::pthread_sigmask(SIG_SETMASK, &every, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// Where this process was started with SIGCHLD ignored, nobody could be waited for.
void expect_children() {
  struct sigaction action = {};
  if (::sigaction(SIGCHLD, nullptr, &action) != 0 || action.sa_handler != SIG_IGN) return;
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &action, nullptr);
}

// Kills what is left of `group` and waits for the end of its first process; its status.
int reap(pid_t group) {
  constexpr int kUnknown = 127 << 8;
  ::kill(-group, SIGKILL);
  int status = kUnknown;
  while (::waitpid(group, &status, 0) < 0 && errno == EINTR) continue;
  const auto lock = Leftovers::lock();
  Leftovers::remove(group);
  return status;
}

}  // namespace

std::string environment_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::string> plain_environment(const fs::path& temporary) {
  const std::string path = environment_variable("PATH");
  const std::string folder =
      temporary.empty() ? environment_variable("TMPDIR") : temporary.string();
  std::vector<std::string> list = {"PATH=" + (path.empty() ? "/usr/bin:/bin" : path),
                                   "LC_ALL=C.UTF-8"};
  if (!folder.empty()) list.push_back("TMPDIR=" + folder);
  return list;
}

Process::Process(const Command& command, const Streams& streams) {
  const auto program = find_program(command.words.at(0));
  const std::string file = program ? program->string() : command.words.front();
  if (!program && file.find('/') == file.npos) {
    throw std::system_error(ENOENT, std::generic_category());
  }
  std::vector<std::string> words = command.words, environment = command.environment;
  const std::vector<char*> word_pointers = pointers_to(words);
  const std::vector<char*> environment_pointers = pointers_to(environment);
  expect_children();
  Pipe problem, life;
  const Start start{.program = file.c_str(),
                    .words = word_pointers.data(),
                    .environment = environment_pointers.data(),
                    .folder = command.folder.c_str(),
                    .streams = streams,
                    .problem = problem.writing.number(),
                    .life = life.writing.number(),
                    .parent = ::getpid()};
  {
    const auto lock = Leftovers::lock();
    const SignalsBlocked blocked;
    // Not fork(): what libraries have registered for it is not meant for a short copy like this.
    group_ = ::_Fork();
    if (group_ == 0) keep_program(start);
    if (group_ < 0) throw std::system_error(errno, std::generic_category());
    ::setpgid(group_, group_);  // Whoever comes first: signals to the group are to reach it.
    Leftovers::add(group_);
  }
  problem.writing.close();
  life.writing.close();
  life_ = std::move(life.reading);
  int code = 0;
  ssize_t count = 0;
  do {
    count = ::read(problem.reading.number(), &code, sizeof code);
  } while (count < 0 && errno == EINTR);
  if (count <= 0) return;  // Closed by exec().
  reap(group_);
  throw std::system_error(code, std::generic_category());
}

Process::~Process() {
  if (!status_) kill();
}

bool Process::wait_until(Clock::time_point deadline) {
  while (!ended()) {
    if (Clock::now() >= deadline) return false;
    pollfd end{.fd = life_.number(), .events = POLLIN, .revents = 0};
    ::poll(&end, 1, poll_time(deadline));
  }
  return true;
}

std::optional<int> Process::ended() {
  if (status_) return status_;
  pollfd end{.fd = life_.number(), .events = POLLIN, .revents = 0};
  if (::poll(&end, 1, 0) > 0) status_ = reap(group_);
  return status_;
}

void Process::send(int signal) const {
  if (!status_) ::kill(-group_, signal);
}

void Process::kill() {
  if (!status_) status_ = reap(group_);
}

std::string ending_text(int status) {
  return WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                             : fmt::format("exit status {}", WEXITSTATUS(status));
}

std::optional<fs::path> find_program(const std::string& name) {
  const auto is_program = [](const fs::path& file) {
    std::error_code ignored;
    return fs::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
  };
  if (name.find('/') != name.npos) {
    return is_program(name) ? std::optional<fs::path>(name) : std::nullopt;
  }
  std::istringstream folders(environment_variable("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto place = fs::path(folder) / name;
    if (!folder.empty() && is_program(place)) return place;
  }
  return std::nullopt;
}

Process::Clock::time_point time_after(double seconds) {
  constexpr double kLongest = 1e8;
  return Process::Clock::now() + std::chrono::duration_cast<Process::Clock::duration>(
                                     std::chrono::duration<double>(std::min(seconds, kLongest)));
}

int poll_time(Process::Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Process::Clock::now());
  const int most = interruption_of_this_thread() == nullptr ? 60'000 : 100;
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, most));
}

}  // namespace psi_xlstm
