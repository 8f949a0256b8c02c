#include "psi_xlstm/experiments/trainer_process.hpp"

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
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/report/utf8.hpp"

extern char** environ;

namespace psi_xlstm::experiments {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kInterruptedCode = 130;
constexpr int kPollInterval = 50;          // [ms]
constexpr std::size_t kKeptErrors = 8192;  // last bytes of standard error
constexpr std::size_t kLongestReason = 400;

std::string system_reason(int code) { return std::generic_category().message(code); }

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// A file descriptor that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  void set(int number) {
    close();
    number_ = number;
  }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

// The signal that asked for an end since the last watch began; 0: none.
volatile std::sig_atomic_t asked = 0;
volatile std::sig_atomic_t asked_times = 0;

void remember(int signal) {
  asked = signal;
  asked_times = asked_times + 1;
}

// Remembers SIGINT and SIGTERM instead of what they did before, until the end of the scope.
class SignalWatch {
 public:
  SignalWatch() {
    asked = 0;
    asked_times = 0;
    struct sigaction action = {};
    action.sa_handler = remember;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before_[i]);
  }
  ~SignalWatch() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], &before_[i], nullptr);
    }
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  static constexpr std::array<int, 2> kSignals = {SIGINT, SIGTERM};
  std::array<struct sigaction, 2> before_ = {};
};

// One thread per process: trainings run side by side already.
std::vector<std::string> trainer_environment() {
  std::vector<std::string> list = {"OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1"};
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!text.starts_with("OMP_NUM_THREADS=") && !text.starts_with("OPENBLAS_NUM_THREADS=")) {
      list.emplace_back(text);
    }
  }
  return list;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

// The sentence in what a trainer said: behind the last "error: ", else its last line.
std::string sentence(const std::string& said) {
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
  Trainer(const fs::path& program, const TrainerJob& job, std::size_t index) : index_(index) {
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
    ours.set(pair[0]);
    theirs.set(pair[1]);
    ::fcntl(ours.number(), F_SETFL, O_NONBLOCK);
  }

  void start(const fs::path& program, const TrainerJob& job, int out, int errors) {
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
    const auto tree = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
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
  Clock::time_point started_ = Clock::now();
};

// Decides what runs next, and what became of it.
class Pool {
 public:
  Pool(const std::vector<TrainerJob>& jobs,
       const TrainerOptions& options,
       const TrainerProgress& progress)
      : jobs_(jobs),
        options_(options),
        progress_(progress),
        program_(trainer_program(options)),
        states_(jobs.size(), State::kWaiting) {
    report_.outcomes.resize(jobs.size());
  }

  TrainerReport run() {
    const SignalWatch watch;
    while (true) {
      if (asked == 0 && !report_.interrupted && problem_.empty()) start_what_can();
      if (running_.empty()) break;
      wait();
      pass_on_signals();
      collect();
    }
    if (!problem_.empty()) throw ConfigError(problem_);
    report_.interrupted = report_.interrupted || asked != 0;
    return std::move(report_);
  }

 private:
  enum class State { kWaiting, kRunning, kDone, kFailed };

  void start_what_can() {
    while (static_cast<int>(running_.size()) < std::max(1, options_.processes)) {
      const std::optional<std::size_t> next = next_job();
      if (!next) return;
      progress_(*next, 0, "started");
      running_.push_back(std::make_unique<Trainer>(program_, jobs_[*next], *next));
      states_[*next] = State::kRunning;
    }
  }

  // Of the first waiting jobs of all groups the one whose group runs least and has most before it.
  std::optional<std::size_t> next_job() {
    std::optional<std::size_t> best;
    std::set<int> seen;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (states_[i] != State::kWaiting || seen.contains(jobs_[i].group)) continue;
      const int needs = jobs_[i].needs;
      const State needed = needs < 0 ? State::kDone : states_[static_cast<std::size_t>(needs)];
      if (needed == State::kFailed) {
        fail(i,
             fmt::format("{} could not be trained", jobs_[static_cast<std::size_t>(needs)].name));
        continue;
      }
      seen.insert(jobs_[i].group);
      if (needed != State::kDone) continue;
      if (!best || urgency(jobs_[i].group) > urgency(jobs_[*best].group)) best = i;
    }
    return best;
  }

  // Larger for a group of which less runs, then for one of which more waits.
  std::pair<int, int> urgency(int group) const {
    std::pair<int, int> out;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (jobs_[i].group != group) continue;
      out.first -= states_[i] == State::kRunning ? 1 : 0;
      out.second += states_[i] == State::kWaiting ? 1 : 0;
    }
    return out;
  }

  void wait() {
    std::vector<pollfd> descriptors;
    for (const auto& trainer : running_) {
      for (const pollfd& p : trainer->polled()) descriptors.push_back(p);
    }
    ::poll(descriptors.data(), descriptors.size(), kPollInterval);
    for (const auto& trainer : running_) trainer->listen(progress_);
  }

  void pass_on_signals() {
    const int times = asked_times;
    if (times > 0 && passed_on_ == 0) {
      report_.interrupted = true;
      end_all(asked);
    }
    const bool late = ending_since_ && seconds_since(*ending_since_) > options_.patience_s;
    if (late || times > 1) {  // asked again, or nobody listens
      for (const auto& trainer : running_) trainer->kill(SIGKILL);
    }
    passed_on_ = times;
  }

  void end_all(int signal) {
    for (const auto& trainer : running_) trainer->kill(signal);
    if (!ending_since_) ending_since_ = Clock::now();
  }

  void collect() {
    for (std::size_t i = 0; i < running_.size();) {
      const std::optional<int> status = running_[i]->ended();
      if (!status) {
        ++i;
        continue;
      }
      const std::unique_ptr<Trainer> trainer = std::move(running_[i]);
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      trainer->listen(progress_);
      settle(*trainer, *status);
    }
  }

  void settle(const Trainer& trainer, int status) {
    const std::size_t job = trainer.index();
    report_.outcomes[job].duration = trainer.duration();
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == 0) {
      report_.outcomes[job].done = true;
      states_[job] = State::kDone;
      progress_(job, 1, "done");
    } else if (report_.interrupted || code == kInterruptedCode) {
      states_[job] = State::kFailed;
      report_.interrupted = true;
      if (!ending_since_) end_all(SIGTERM);
    } else if (code == 1) {
      states_[job] = State::kFailed;
      if (problem_.empty()) problem_ = fmt::format("{}: {}", jobs_[job].name, trainer.said());
      end_all(SIGTERM);
    } else if (code == 2) {
      fail(job, trainer.said().empty() ? "it ended without a result" : trainer.said());
    } else {
      const std::string how = code < 0 ? fmt::format("signal {}", WTERMSIG(status))
                                       : fmt::format("exit status {}", code);
      const std::string said = trainer.said();
      fail(job, fmt::format("its trainer ended with {}{}{}", how, said.empty() ? "" : ": ", said));
    }
  }

  void fail(std::size_t job, const std::string& reason) {
    states_[job] = State::kFailed;
    report_.outcomes[job].reason = reason;
    progress_(job, 1, reason);
  }

  const std::vector<TrainerJob>& jobs_;
  const TrainerOptions& options_;
  const TrainerProgress& progress_;
  fs::path program_;
  std::vector<State> states_;
  std::vector<std::unique_ptr<Trainer>> running_;
  TrainerReport report_;
  std::string problem_;  // of a wrong input
  std::optional<Clock::time_point> ending_since_;
  int passed_on_ = 0;
};

}  // namespace

fs::path trainer_program(const TrainerOptions& options) {
  std::vector<fs::path> places;
  const char* const named = std::getenv("PSI_TRAINER");
  if (!options.program.empty()) {
    places = {options.program};
  } else if (named != nullptr && *named != '\0') {
    places = {named};
  } else {
    std::error_code ignored;
    const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    places = {folder / "psi_trainer", folder.parent_path() / "psi_trainer"};
  }
  for (const fs::path& place : places) {
    if (::access(place.c_str(), X_OK) == 0 && fs::is_regular_file(place)) {
      return fs::absolute(place);
    }
  }
  throw ConfigError(
      fmt::format("trainer: expected a program at {}, found none", places.front().string()));
}

TrainerReport run_trainers(const std::vector<TrainerJob>& jobs,
                           const TrainerOptions& options,
                           const TrainerProgress& progress) {
  return Pool(jobs, options, progress).run();
}

}  // namespace psi_xlstm::experiments
