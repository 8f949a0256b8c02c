// psi_ngspice_worker: runs one simulation in a process of its own, so that a crash, an exit or a
// hang of ngspice ends here. Reads one request on standard input, answers on standard output.

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>

#include "jobs/worker_message.hpp"
#include "simulators/ngspice/worker_session.hpp"

namespace {

std::optional<psi_xlstm::WorkerMessage> read_request() {
  std::string bytes;
  char block[65536];
  for (;;) {
    if (auto request = psi_xlstm::take_message(bytes)) return request;
    const ssize_t count = read(STDIN_FILENO, block, sizeof block);
    if (count <= 0) return std::nullopt;
    bytes.append(block, static_cast<std::size_t>(count));
  }
}

void send_message(int file, const psi_xlstm::WorkerMessage& message) {
  const std::string bytes = psi_xlstm::encode(message);
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = write(file, bytes.data() + sent, bytes.size() - sent);
    if (count <= 0) _exit(EXIT_FAILURE);
    sent += static_cast<std::size_t>(count);
  }
}

}  // namespace

int main() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit no_core_file{0, 0};
  setrlimit(RLIMIT_CORE, &no_core_file);
  // Only messages may go to the program: whatever ngspice prints itself goes nowhere.
  const int reply_file = dup(STDOUT_FILENO);
  const int nowhere = open("/dev/null", O_WRONLY);
  if (reply_file < 0 || nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0) return EXIT_FAILURE;

  try {
    const auto request = read_request();
    if (!request) return EXIT_FAILURE;
    psi_xlstm::WorkerSession session(
        [reply_file](const auto& message) { send_message(reply_file, message); });
    send_message(reply_file, session.run(*request));
  } catch (const std::exception& e) {
    fmt::print(stderr, "psi_ngspice_worker: {}\n", e.what());
    return EXIT_FAILURE;
  }
  _exit(EXIT_SUCCESS);  // The destructors of libngspice are not worth waiting for.
}
