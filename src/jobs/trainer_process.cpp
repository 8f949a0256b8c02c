#include "jobs/trainer_process.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "jobs/trainer_child.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kInterruptedCode = 130;
constexpr int kPollInterval = 50;  // [ms]

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
      fmt::format("trainer: expected a program at {}, found none; scripts/setup.sh --all installs "
                  "LibTorch and builds it",
                  places.front().string()));
}

TrainerReport run_trainers(const std::vector<TrainerJob>& jobs,
                           const TrainerOptions& options,
                           const TrainerProgress& progress) {
  return Pool(jobs, options, progress).run();
}

}  // namespace psi_xlstm
