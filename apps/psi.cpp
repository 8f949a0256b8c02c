// psi: waveforms of an electronic device in, a verified compact model out.

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>

#include "commands/command.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/core/version.hpp"

namespace {

// Every file is written at once, so what is on disk is whole: the next run goes on from there.
void interrupted(int) { _exit(psi_xlstm::apps::kInterrupted); }

}  // namespace

int main(int argc, char** argv) {
  using namespace psi_xlstm::apps;
  std::signal(SIGINT, interrupted);
  std::signal(SIGTERM, interrupted);
  spdlog::set_default_logger(spdlog::stderr_color_mt("psi"));
  spdlog::set_pattern("%n: %^%l%$: %v");

  CLI::App app("Waveforms of an electronic device to a verified compact model", "psi");
  app.set_version_flag("--version", psi_xlstm::version());
  app.require_subcommand(1);
  int exit_code = kDone;
  add_run(app, exit_code);
  add_fit(app, exit_code);
  add_predict(app, exit_code);
  add_data(app, exit_code);
  add_emit(app, exit_code);
  add_cosim(app, exit_code);
  add_check(app, exit_code);
  add_info(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kDone : kWrongInput;
  } catch (const psi_xlstm::Error& e) {
    spdlog::error("{}", e.what());
    return kWrongInput;
  } catch (const std::exception& e) {
    spdlog::error("unexpected: {}", e.what());
    return EXIT_FAILURE;
  }
  return exit_code;
}
