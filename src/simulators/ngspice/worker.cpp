#include "simulators/ngspice/worker.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <sys/wait.h>

#include <system_error>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/interruption.hpp"
#include "core/process.hpp"
#include "core/temporary_folder.hpp"
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

void complete_request(Message& request, const SimulatorOptions& options, const fs::path& folder) {
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

}  // namespace

WorkerOutcome run_worker(Message request, const SimulatorOptions& options) {
  if (!(options.time_limit_s > 0) || options.time_limit_s > 1e8) {
    throw SpiceError(
        fmt::format("ngspice time limit: expected more than 0 s and at most 1e8 s, "
                    "got {} s",
                    options.time_limit_s));
  }
  const fs::path program = worker_program(options);
  const auto deadline = time_after(options.time_limit_s);
  WorkerOutcome outcome;
  try {
    const TemporaryFolder folder("ngspice");
    complete_request(request, options, folder.path());
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

}  // namespace psi_xlstm
