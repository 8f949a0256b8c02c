#include "studies/compact/standing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <system_error>

namespace psi_xlstm {
namespace {

constexpr double kClearly = 1.02;

// The noise of the test records, by their differences, over the sd of their current, which the
// errors of the model tell.
std::optional<double> estimated_noise(const StudyResult& result) {
  const ErrorMetrics& test = result.fits.front().test;
  if (!test.mse || !test.nrmse_std || *test.mse <= 0) return std::nullopt;
  double noise = 0, samples = 0;
  for (const fit::Prediction& p : result.fits.front().predictions) {
    const Record& record = result.data.dataset.records[static_cast<std::size_t>(p.record)];
    const auto n = static_cast<double>(record.size());
    noise += n * std::pow(fit::noise_of(record, std::nullopt), 2);
    samples += n;
  }
  return std::sqrt(noise / samples / *test.mse) * *test.nrmse_std;
}

bool was_run(const StudyResult& result, const std::string& path) {
  const auto& rows = result.metrics.cosim;
  return std::any_of(rows.begin(), rows.end(), [&](const CosimRow& r) {
    return r.path == path && r.verdict() == Verdict::kPassed;
  });
}

}  // namespace

std::string percent_text(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{:.3g} %", 100 * *value) : "n/a";
}

bool Standing::beats_trivial() const {
  return !error || !trivial_error || *trivial_error > kClearly * *error;
}

Standing standing_of(const StudyResult& result) {
  const ErrorMetrics& test = result.fits.front().test;
  Standing standing{.error = test.nrmse_std};
  const bool known = test.noise_floor && test.mse && *test.mse > 0 && test.nrmse_std;
  if (known) {
    standing.noise = *test.nrmse_std * std::sqrt(*test.noise_floor / *test.mse);
  } else if (result.config.data.noise) {
    standing.noise = result.config.data.noise;
  } else {
    standing.noise = estimated_noise(result);
    standing.noise_estimated = true;
  }
  for (const BaselineResult& b : result.metrics.baselines) {
    if (!b.nrmse_std || (standing.trivial_error && *standing.trivial_error <= *b.nrmse_std))
      continue;
    standing.trivial = b.name;
    standing.trivial_error = b.nrmse_std;
  }
  return standing;
}

std::string judgement_of(const Standing& standing) {
  constexpr double kAsGood = 1.1;
  if (!standing.error) return "its error is not known";
  if (!standing.beats_trivial()) {
    return fmt::format("no better than the predictor without memory \"{}\"", standing.trivial);
  }
  if (!standing.noise || *standing.noise <= 0) {
    if (!standing.trivial_error || *standing.error <= 0) return "better than without memory";
    return fmt::format("{:.2g} times better than without memory",
                       *standing.trivial_error / *standing.error);
  }
  const double ratio = *standing.error / *standing.noise;
  if (ratio <= kAsGood) return "as good as the noise allows";
  return fmt::format("{:.2g} times the noise", ratio);
}

std::vector<std::filesystem::path> model_files(const StudyResult& result,
                                               const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files = {folder / kModelName};
  for (const char* const ending : {".va", ".sp", ".c", ".osdi"}) {
    files.push_back(folder / "hdl" / (result.config.model + ending));
  }
  std::error_code ignored;
  std::erase_if(files,
                [&](const auto& f) { return !std::filesystem::is_regular_file(f, ignored); });
  return files;
}

std::vector<std::string> not_verified(const StudyResult& result) {
  std::vector<std::string> open;
  if (!was_run(result, "subcircuit")) open.push_back("subcircuit");
  if (!was_run(result, "osdi")) open.push_back("compiled form (OSDI)");
  if (!was_run(result, "verilog_a")) open.push_back("Verilog-A text");
  open.push_back("simulators other than ngspice");
  open.push_back("other temperatures");
  return open;
}

std::vector<std::string> result_lines(const StudyResult& result,
                                      const std::filesystem::path& folder) {
  const FitOutcome& first = result.fits.front();
  if (!first.usable) return {fmt::format("no model: {}", first.reason)};
  const Standing s = standing_of(result);
  std::string endings;
  for (const std::filesystem::path& file : model_files(result, folder)) {
    if (file.parent_path().filename() != "hdl") continue;
    endings += (endings.empty() ? "" : ",") + file.extension().string().substr(1);
  }
  return {
      fmt::format("error         {} of sd(I), noise {}{}, best trivial {} ({}): {}",
                  percent_text(s.error), s.noise_estimated ? "about " : "", percent_text(s.noise),
                  percent_text(s.trivial_error), s.trivial, judgement_of(s)),
      fmt::format("model         {}, {}", (folder / kModelName).string(),
                  (folder / "hdl" / result.config.model).string() + ".{" + endings + "}"),
      fmt::format("not verified  {}", fmt::join(not_verified(result), ", "))};
}

}  // namespace psi_xlstm
