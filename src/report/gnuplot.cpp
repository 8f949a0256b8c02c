#include "report/gnuplot.hpp"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "core/process.hpp"
#include "core/utf8.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kLongestComplaint = 200;

GnuplotResult failure(const std::string& expected, const std::string& found) {
  return {.output = "", .reason = fmt::format("gnuplot: expected {}, found: {}", expected, found)};
}

}  // namespace

GnuplotResult run_gnuplot(const std::string& script, const GnuplotOptions& options) {
  // -d: no start-up files.
  ProgramOutcome outcome = run_program({options.program, "-d"}, script, options.time_limit);
  if (outcome.start_error != 0) {
    return failure(fmt::format("to start {}", options.program),
                   std::generic_category().message(outcome.start_error));
  }
  if (outcome.too_much) return failure("a picture of usual size", outcome.problem());
  if (!outcome.status) {
    return failure(fmt::format("an answer within {} s", options.time_limit), "none");
  }
  if (!outcome.succeeded()) {
    const std::string complaint = printable(outcome.errors);
    return failure("to run the script", complaint.empty() ? ending_text(*outcome.status)
                                                          : complaint.substr(0, kLongestComplaint));
  }
  return {.output = std::move(outcome.output), .reason = ""};
}

}  // namespace psi_xlstm
