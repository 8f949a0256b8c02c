#include "studies/compact/page.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <system_error>

#include "core/number_text.hpp"
#include "core/plural.hpp"
#include "hdl/text/plan.hpp"
#include "hdl/usage.hpp"
#include "ir/dynamics.hpp"
#include "studies/compact/quality.hpp"
#include "studies/compact/standing.hpp"

namespace psi_xlstm {
namespace {

const Record& record_of(const StudyResult& result, int index) {
  return result.data.dataset.records[static_cast<std::size_t>(index)];
}

// The names of files without their folders.
std::string source_text(const StudyResult& result) {
  if (result.config.data.source != DataSource::kCsv) {
    return fmt::format("the generated device \"{}\"", name_of(result.config.data.source));
  }
  std::vector<std::string> names;
  for (const std::string& file : result.config.data.files) {
    names.push_back(std::filesystem::path(file).filename().string());
  }
  constexpr std::size_t kMost = 3;
  const std::size_t more = names.size() > kMost ? names.size() - kMost : 0;
  names.resize(names.size() - more);
  return fmt::format("{}{}", fmt::join(names, ", "),
                     more > 0 ? fmt::format(" and {} more files", more) : "");
}

// How the records were used.
std::string data_sentence(const StudyResult& result) {
  const Split& split = result.data.dataset.split;
  std::size_t samples = 0;
  for (const Record& record : result.data.dataset.records) samples += record.size();
  const Dataset& dataset = result.data.dataset;
  const std::string learned =
      fmt::format("It was learned from {} of {} ({} samples in all, at most {} apart): ",
                  count_of(dataset.records.size(),
                           dataset.leave_one_out && dataset.continuous ? "part" : "record"),
                  source_text(result), samples,
                  engineering(result.fits.front().model.network.box.step_max, "s"));
  if (dataset.leave_one_out) {
    return learned + "all of them trained it, and each is judged by a fit that has not seen it.";
  }
  return learned + fmt::format(
                       "{} trained it, {} chose its size, and {} that neither has seen "
                       "judge it.",
                       split.train.size(), split.validation.size(), split.test.size());
}

std::string error_sentence(const Quality& quality) {
  std::string text = fmt::format(
      "There it gets the voltage and the conductance at the start, nothing else, and runs freely "
      "to "
      "the end. Its error is {} of the standard deviation of the current",
      percent_text(quality.error));
  if (quality.error) {
    text += fmt::format("; the noise of the measurement alone is {}{}",
                        quality.noise_estimated ? "about " : "", percent_text(quality.noise));
  }
  if (!quality.trivial.empty()) {
    text += fmt::format(", and the best predictor without memory ({}) is wrong by {}",
                        quality.trivial, percent_text(quality.trivial_error));
  }
  return text + ".";
}

std::string circuit_sentence(const StudyResult& result) {
  const std::string open = fmt::format("Not verified: {}.", fmt::join(not_verified(result), ", "));
  if (const std::string failed = failed_comparisons(result); !failed.empty()) {
    return fmt::format(
        "The {}. In a simulator an emitted file does not give what the network's own equations "
        "give; "
        "the first check that failed is {}. {}",
        failed, result.cosim.verdict().reason, open);
  }
  double worst = 0;
  std::size_t compared = 0, without = 0;
  for (const CosimOutcome& o : result.cosim.transients) {
    if (!o.row.limit) continue;
    const auto& error = o.row.max_abs_err_over_fs;
    ++(error ? compared : without);
    worst = std::max(worst, error.value_or(0));
  }
  if (compared == 0) return "No simulation of the emitted files gave a result. " + open;
  const std::string missing = without == 0 ? ""
                                           : fmt::format(" {} of {} simulations gave no result.",
                                                         without, compared + without);
  return fmt::format(
      "The emitted files were simulated in ngspice and compared with the network's own equations: "
      "at every time point they agree to {:.1e} of full scale.{} {}",
      worst, missing, open);
}

}  // namespace

std::vector<std::string> introduction(const StudyResult& result) {
  const ir::Network& network = result.fits.front().model.network;
  return {
      fmt::format("A compact model of {} with {} and {}, {}.", source_text(result),
                  count_of(network.state_count(), "state"),
                  count_of(network.parameter_count(), "trained number"), words_for(result.quality)),
      data_sentence(result) + " " + error_sentence(result.quality), circuit_sentence(result)};
}

ReportSection coverage_section(const StudyResult& result) {
  const ir::Network& network = result.fits.front().model.network;
  const hdl::EmissionPlan plan = hdl::plan_emission(network);
  const ir::TrainingBox& box = network.box;
  double shortest = std::numeric_limits<double>::infinity();
  for (const int i : result.data.dataset.split.train) {
    const Record& record = record_of(result, i);
    for (std::size_t k = 1; k < record.size(); ++k) {
      shortest = std::min(shortest, record.time[k] - record.time[k - 1]);
    }
  }
  Table table{.caption = "What the training records have shown of the device",
              .header = {"quantity", "seen", "beyond it"}};
  table.rows = {
      {"voltage",
       engineering(box.voltage_min[0], "V") + " to " + engineering(box.voltage_max[0], "V"),
       "the model extrapolates; the current stays finite and of the right sign"},
      {"frequency",
       fmt::format("records of {}, strong lines up to {}", engineering(box.duration, "s"),
                   engineering(box.drive_frequency, "Hz")),
       fmt::format("nothing faster than {} can be in the samples, nothing slower than a record",
                   engineering(0.5 / shortest, "Hz"))},
      {"conductance",
       engineering(box.conductance_min, "S") + " to " + engineering(box.conductance_max, "S"),
       fmt::format("the states can hold {} to {}", engineering(plan.conductance_low, "S"),
                   engineering(plan.conductance_high, "S"))},
      {"pauses", fmt::format("at most {}", engineering(box.duration, "s")),
       fmt::format("at 0 V the model drifts by at most {} of its conductance",
                   engineering(std::abs(plan.zero_bias_rate), "1/s"))},
      {"temperature", "that of the measurement, which the data do not tell",
       "unknown: the model has no temperature"},
      {"devices", "one", "unknown: the spread from device to device is not in the data"}};
  return {.heading = "What is not covered", .tables = {std::move(table)}};
}

ReportSection usage_section(const StudyResult& result) {
  const ir::Network& network = result.fits.front().model.network;
  ReportSection section{.heading = "How to use it", .paragraphs = hdl::usage_remarks(network)};
  for (const hdl::UsageRecipe& recipe : hdl::usage_recipes(network, "hdl/", result.compiled)) {
    ReportCode code{recipe.simulator, recipe.text, recipe.note, {}};
    for (const std::string& ending : recipe.endings) {
      code.links.push_back({"hdl/" + network.name + ending, ""});
    }
    section.codes.push_back(std::move(code));
  }
  section.links = {{kModelName, "the model for psi predict, psi emit, psi cosim"},
                   {"hdl/" + network.name + ".USE.md", "all this, and the symbols for drawings"}};
  return section;
}

}  // namespace psi_xlstm
