#include "simulators/ngspice/worker.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/interruption.hpp"
#include "core/process.hpp"
#include "core/temporary_folder.hpp"
#include "core/utf8.hpp"
#include "jobs/partner.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/library.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeptLines = 100;  // of the first, and as many of the last messages

fs::path worker_program(const SimulatorOptions& options) {
  try {
    return helper_program("psi_ngspice_worker", options.worker, "PSI_NGSPICE_WORKER",
                          "ngspice worker");
  } catch (const ConfigError& e) {
    throw SpiceError(e.what());
  }
}

void complete_request(Message& request,
                      const SimulatorOptions& options,
                      std::string library,
                      const fs::path& folder) {
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
    // Links with plain names in the folder where the worker runs: ngspice takes a path for words of
    // its shell, where blanks, dollars and backquotes mean something.
    const std::string link = fmt::format("device_{}.osdi", osdi.size());
    fs::create_symlink(fs::absolute(device), folder / link);
    osdi.push_back("./" + link);
  }
}

std::vector<std::string> worker_environment(const fs::path& folder) {
  std::vector<std::string> list = {"HOME=" + folder.string(), "LC_ALL=C", "OMP_NUM_THREADS=1"};
  for (const char* const name : {"PATH", "LD_LIBRARY_PATH", "SPICE_LIB_DIR", "SPICE_SCRIPTS"}) {
    if (const std::string value = environment_variable(name); !value.empty()) {
      list.push_back(fmt::format("{}={}", name, value));
    }
  }
  return list;
}

// Takes the reply, or a line that ngspice printed.
void take(Message&& message, WorkerOutcome& outcome) {
  if (message.header.value("kind", "") == "reply") {
    outcome.reply = std::move(message);
    return;
  }
  auto& lines = outcome.messages;
  if (lines.size() >= 2 * kKeptLines) lines.erase(lines.begin() + kKeptLines);
  lines.push_back(message.header.value("text", ""));
}

// Listens until the reply, the end of the worker, or the deadline.
void converse(Partner& worker, Process::Clock::time_point deadline, WorkerOutcome& outcome) {
  const auto told = [&](Message&& message) { take(std::move(message), outcome); };
  while (!outcome.reply && !worker.ended() && Process::Clock::now() < deadline) {
    auto wanted = worker.wanted();
    check_interruption();
    ::poll(wanted.data(), wanted.size(), poll_time(deadline));
    worker.talk(told);
  }
  worker.talk(told);
}

std::string reason_of_end(int status, const std::string& said) {
  if (WIFSIGNALED(status)) return "ngspice ended with " + ending_text(status);
  return fmt::format("ngspice ended with {} before it gave a result{}{}", ending_text(status),
                     said.empty() ? "" : ": ", said);
}

WorkerOutcome run_program_with(const fs::path& program,
                               const std::string& library,
                               Message request,
                               const SimulatorOptions& options) {
  const auto deadline = time_after(options.time_limit_s);
  WorkerOutcome outcome;
  try {
    const TemporaryFolder folder("ngspice");
    complete_request(request, options, library, folder.path());
    // libngspice reads this one instead of the init file in the user's home.
    write_file(folder.path() / ".spiceinit", "* empty\n");
    Partner worker({.words = {program.string()},
                    .environment = worker_environment(folder.path()),
                    .folder = folder.path()},
                   encode(request));
    converse(worker, deadline, outcome);
    if (outcome.reply) return outcome;
    const std::optional<int> status = worker.ended();
    outcome.out_of_time = !status;
    outcome.reason = status
                         ? reason_of_end(*status, worker.said())
                         : fmt::format("ngspice did not finish within {} s", options.time_limit_s);
  } catch (const DataError& e) {
    throw SpiceError(fmt::format("ngspice worker: {}", e.what()));
  } catch (const std::system_error& e) {
    throw SpiceError(fmt::format("ngspice worker {}: cannot be started: {}", program.string(),
                                 e.code().message()));
  }
  return outcome;
}

// Why `library` does not compute the simplest of circuits; empty where it does.
std::string problem_at_start(const fs::path& program,
                             const std::string& library,
                             double time_limit_s) {
  using nlohmann::json;
  constexpr double kMost = 10;  // [s]; a start takes some hundredths
  Message request;
  request.header = {{"circuit", {"* start", "v1 a 0 1", "r1 a 0 1k", ".end"}},
                    {"commands", {"op"}},
                    {"scale", ""},
                    {"vectors", {"v(a)"}},
                    {"tables", json::array()}};
  const WorkerOutcome outcome = run_program_with(program, library, std::move(request),
                                                 {.time_limit_s = std::min(kMost, time_limit_s)});
  if (!outcome.reply) return outcome.reason;
  const json& reply = outcome.reply->header;
  return reply.value("state", "") == "done" ? "" : reply.value("detail", "it gave no reason");
}

LibraryChoice first_that_starts(const fs::path& program,
                                const std::vector<std::string>& names,
                                double time_limit_s) {
  LibraryChoice choice;
  for (const std::string& name : names) {
    const std::string problem = problem_at_start(program, name, time_limit_s);
    if (problem.empty()) {
      choice.library = name;
      return choice;
    }
    choice.passed_over.push_back(fmt::format("{}: {}", name, printable(problem)));
  }
  return {.library = names.front(), .passed_over = {}};
}

}  // namespace

LibraryChoice chosen_library(const SimulatorOptions& options) {
  if (!options.library.empty()) return {.library = options.library, .passed_over = {}};
  const fs::path program = worker_program(options);
  const std::vector<std::string> names = ngspice_libraries();
  if (names.size() == 1) return {.library = names.front(), .passed_over = {}};

  static std::mutex mutex;
  static std::map<std::pair<fs::path, std::vector<std::string>>, LibraryChoice> known;
  const std::lock_guard lock(mutex);
  const auto [at, is_new] = known.try_emplace({program, names});
  if (!is_new) return at->second;
  try {
    at->second = first_that_starts(program, names, options.time_limit_s);
  } catch (...) {
    known.erase(at);
    throw;
  }
  return at->second;
}

WorkerOutcome run_worker(Message request, const SimulatorOptions& options) {
  if (!(options.time_limit_s > 0) || options.time_limit_s > 1e8) {
    throw SpiceError(
        fmt::format("ngspice time limit: expected more than 0 s and at most 1e8 s, "
                    "got {} s",
                    options.time_limit_s));
  }
  return run_program_with(worker_program(options), chosen_library(options).library,
                          std::move(request), options);
}

}  // namespace psi_xlstm
