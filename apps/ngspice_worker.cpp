// psi_ngspice_worker: runs one simulation in a process of its own, so that a crash, an exit or a
// hang of ngspice ends here. Reads one request on standard input, answers on standard output.

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>

#include "jobs/message.hpp"
#include "simulators/ngspice/worker_session.hpp"

#ifdef __SANITIZE_ADDRESS__
#define PSI_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PSI_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef PSI_ADDRESS_SANITIZER
// ngspice copies from behind the ends of its strings; what is not ours is not watched.
extern "C" const char* __asan_default_options() {  // NOLINT: the sanitizer's name
  return "replace_intrin=0:replace_str=0:detect_leaks=0";
}
#endif

int main() {
  const rlimit no_core_file{0, 0};
  setrlimit(RLIMIT_CORE, &no_core_file);
  // Only messages may go to the program: whatever ngspice prints itself goes nowhere.
  const int reply_file = dup(STDOUT_FILENO);
  const int nowhere = open("/dev/null", O_WRONLY);
  if (reply_file < 0 || nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0) return EXIT_FAILURE;

  const auto answer = [reply_file](const psi_xlstm::Message& message) {
    if (!psi_xlstm::send(reply_file, message)) _exit(EXIT_FAILURE);
  };
  try {
    const auto request = psi_xlstm::receive(STDIN_FILENO);
    if (!request) return EXIT_FAILURE;
    psi_xlstm::WorkerSession session(answer);
    answer(session.run(*request));
  } catch (const std::exception& e) {
    fmt::print(stderr, "psi_ngspice_worker: error: {}\n", e.what());
    return EXIT_FAILURE;
  }
  _exit(EXIT_SUCCESS);  // The destructors of libngspice are not worth waiting for.
}
