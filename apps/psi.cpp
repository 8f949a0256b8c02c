// psi: waveforms of an electronic device in, a verified compact model out.

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "commands/command.hpp"
#include "core/explanation.hpp"
#include "core/leftovers.hpp"
#include "core/nearest.hpp"
#include "psi_xlstm/core/version.hpp"

namespace {

using namespace psi_xlstm::apps;

// Every file is written at once, so what is on disk is whole: the next run goes on from there.
bool goes_on = false;

void say_interrupted() {
  const bool on_bar = ::isatty(STDERR_FILENO) != 0;
  std::fprintf(stderr, "%spsi: error: interrupted%s\n", on_bar ? "\r\033[K" : "",
               goes_on ? "; the same command goes on from here" : "");
}

// SIGINT and SIGTERM end the program in order; a file that grows beyond the user's limit is a
// sentence where it is written, not a signal.
void prepare_for_signals(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  goes_on = command == "run" || command == "fit";
  psi_xlstm::end_in_order_when_interrupted(say_interrupted);
  std::signal(SIGXFSZ, SIG_IGN);
}

// Why the first word is no subcommand, one sentence; empty where it is one or an option.
std::string unknown_subcommand(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return "";
  std::vector<std::string> names;
  for (const CLI::App* command : commands_of(app)) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), argv[1]) != names.end()) return "";
  const std::string nearest = psi_xlstm::nearest_name(argv[1], names);
  return fmt::format("expected a subcommand (psi --help lists them), found \"{}\"{}", argv[1],
                     nearest.empty() ? "" : fmt::format("; the nearest is {}", nearest));
}

// Runs the subcommand that the words ask for. Where they ask for help or cannot be understood, says
// so and returns the exit code.
std::optional<int> parsed(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) {  // Help or version.
      std::ostringstream out, errors;
      app.exit(e, out, errors);
      print_text(out.str());
      return kDone;
    }
    spdlog::error("{}", parse_problem(app, e, {argv + 1, argv + argc}));
    return kWrongInput;
  }
}

void add_subcommands(CLI::App& app, int& exit_code) {
  add_run(app, exit_code);
  add_look(app, exit_code);
  add_fit(app, exit_code);
  add_predict(app, exit_code);
  add_data(app, exit_code);
  add_emit(app, exit_code);
  add_cosim(app, exit_code);
  add_check(app, exit_code);
  add_tau(app, exit_code);
  add_bench(app, exit_code);
  add_info(app, exit_code);
  add_config(app, exit_code);
  add_completion(app, exit_code);
  add_manual(app, exit_code);
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  prepare_for_signals(argc, argv);
  log_to_standard_error();
  try {
    CLI::App app("Waveforms of an electronic device to a verified compact model", "psi");
    app.set_version_flag("--version", psi_xlstm::version());
    app.require_subcommand(1);
    add_example(app, {"psi fit my_device.csv", "psi fit --help"});
    int exit_code = kDone;
    add_subcommands(app, exit_code);
    if (const std::string word = unknown_subcommand(app, argc, argv); !word.empty()) {
      spdlog::error("{}", word);
      return kWrongInput;
    }
    if (const auto ended = parsed(app, argc, argv)) exit_code = *ended;
    flush_output();
    return exit_code;
  } catch (const std::exception& e) {
    spdlog::error("{}", psi_xlstm::explanation(e));
    return kWrongInput;
  }
}
