#include "jobs/pool.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/leftovers.hpp"
#include "core/temporary_folder.hpp"
#include "core/utf8.hpp"
#include "jobs/partner.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPollInterval = 50;  // Between looks at signals [ms].

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

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

// That of this process, but one thread per job: jobs run side by side already.
std::vector<std::string> job_environment() {
  std::vector<std::string> list = {"OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1"};
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!text.starts_with("OMP_NUM_THREADS=") && !text.starts_with("OPENBLAS_NUM_THREADS=")) {
      list.emplace_back(text);
    }
  }
  return list;
}

// A job at work.
struct Running {
  std::size_t index = 0;
  std::unique_ptr<Partner> partner;
  Clock::time_point started = Clock::now();
  std::string babble = {};  // Why it was killed, where it sent something else than messages.
};

// Decides what runs next, and what became of it.
class Schedule {
 public:
  Schedule(const std::vector<PlannedJob>& jobs,
           const PoolOptions& options,
           const JobProgress& progress)
      : jobs_(jobs),
        options_(options),
        progress_(progress),
        folder_("jobs"),
        states_(jobs.size(), State::kWaiting) {
    report_.outcomes.resize(jobs.size());
  }

  JobReport run() {
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
      start(*next);
      states_[*next] = State::kRunning;
    }
  }

  void start(std::size_t index) {
    const Job& job = jobs_[index].job;
    const auto file = folder_.path() / fmt::format("job_{}.json", index);
    write_file(file, job_text(job));
    try {
      running_.push_back(
          {.index = index,
           .partner = std::make_unique<Partner>(
               Command{.words = {job.program, file.string()}, .environment = job_environment()},
               "")});
    } catch (const std::system_error& e) {
      throw ConfigError(fmt::format("{}: expected a program that can be started at {}, found: {}",
                                    job.name, job.program, e.code().message()));
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
        fail(i, fmt::format("{} did not succeed", jobs_[static_cast<std::size_t>(needs)].job.name));
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
    for (const Running& r : running_) {
      for (const pollfd& p : r.partner->wanted()) descriptors.push_back(p);
    }
    ::poll(descriptors.data(), descriptors.size(), kPollInterval);
    for (Running& r : running_) listen(r);
  }

  // Who babbles instead of sending messages cannot be trusted with the rest.
  void listen(Running& running) {
    try {
      running.partner->talk([&](Message&& message) { tell(running.index, message.header); });
    } catch (const DataError& e) {
      running.babble = e.what();
      running.partner->kill();
    }
  }

  void tell(std::size_t index, const nlohmann::json& header) const {
    const auto done = header.find("done"), detail = header.find("detail");
    if (done == header.end() || !done->is_number()) return;
    const bool has_detail = detail != header.end() && detail->is_string();
    progress_(index, std::clamp(done->get<double>(), 0.0, 1.0),
              has_detail ? printable(detail->get<std::string>()) : "");
  }

  void pass_on_signals() {
    const int times = asked_times;
    if (times > 0 && passed_on_ == 0) {
      report_.interrupted = true;
      end_all(asked);
    }
    const bool late = ending_since_ && seconds_since(*ending_since_) > options_.patience_s;
    if (late || times > 1) {  // asked again, or nobody listens
      for (const Running& r : running_) r.partner->kill();
    }
    passed_on_ = times;
  }

  void end_all(int signal) {
    for (const Running& r : running_) r.partner->send_signal(signal);
    if (!ending_since_) ending_since_ = Clock::now();
  }

  void collect() {
    for (std::size_t i = 0; i < running_.size();) {
      const std::optional<int> status = running_[i].partner->ended();
      if (!status) {
        ++i;
        continue;
      }
      Running ended = std::move(running_[i]);
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      listen(ended);
      settle(ended, *status);
    }
  }

  void settle(const Running& ended, int status) {
    const std::size_t job = ended.index;
    const std::string said = ended.partner->said();
    report_.outcomes[job].duration = seconds_since(ended.started);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (!ended.babble.empty()) {
      fail(job, ended.babble);
    } else if (code == 0) {
      report_.outcomes[job].done = true;
      states_[job] = State::kDone;
      progress_(job, 1, "done");
    } else if (report_.interrupted || code == kInterruptedCode) {
      states_[job] = State::kFailed;
      report_.interrupted = true;
      if (!ending_since_) end_all(SIGTERM);
    } else if (code == 1) {
      states_[job] = State::kFailed;
      if (problem_.empty()) problem_ = fmt::format("{}: {}", jobs_[job].job.name, said);
      end_all(SIGTERM);
    } else if (code == 2) {
      fail(job, said.empty() ? "it ended without a result" : said);
    } else {
      fail(job, fmt::format("its program ended with {}{}{}", ending_text(status),
                            said.empty() ? "" : ": ", said));
    }
  }

  void fail(std::size_t job, const std::string& reason) {
    states_[job] = State::kFailed;
    report_.outcomes[job].reason = reason;
    progress_(job, 1, reason);
  }

  const std::vector<PlannedJob>& jobs_;
  const PoolOptions& options_;
  const JobProgress& progress_;
  TemporaryFolder folder_;
  std::vector<State> states_;
  std::vector<Running> running_;
  JobReport report_;
  std::string problem_;  // Of a wrong input.
  std::optional<Clock::time_point> ending_since_;
  int passed_on_ = 0;
};

}  // namespace

JobReport LocalPool::run(const std::vector<PlannedJob>& jobs, const JobProgress& progress) {
  return jobs.empty() ? JobReport{} : Schedule(jobs, options_, progress).run();
}

}  // namespace psi_xlstm
