#include "studies/compact/standing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <system_error>
#include <utility>

#include "core/plural.hpp"
#include "hdl/model_files.hpp"
#include "studies/compact/quality.hpp"

namespace psi_xlstm {
namespace {

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

std::string failed_comparisons(const StudyResult& result) {
  int failed = 0, judged = 0;
  for (const CosimRow& row : result.metrics.cosim) {
    const std::optional<Verdict> verdict = row.verdict();
    judged += verdict ? 1 : 0;
    failed += verdict == Verdict::kFailed ? 1 : 0;
  }
  if (failed == 0) return "";
  return fmt::format("co-simulation {}: {} of {}", verdict_text(Verdict::kFailed), failed,
                     count_of(judged, "check"));
}

std::vector<std::filesystem::path> model_files(const StudyResult& result,
                                               const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files = {folder / kModelName};
  for (const std::string& ending : hdl::form_endings()) {
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
  const auto& rows = result.metrics.cosim;
  const bool elsewhere = std::any_of(rows.begin(), rows.end(), [](const CosimRow& r) {
    return r.simulator != "ngspice" && r.verdict() == Verdict::kPassed;
  });
  if (!elsewhere) open.push_back("simulators other than ngspice");
  open.push_back("other temperatures");
  return open;
}

std::vector<std::string> result_lines(const StudyResult& result,
                                      const std::filesystem::path& folder) {
  std::vector<std::string> lines;
  const std::string opening = first_line(result.quality);
  if (!opening.empty()) lines.push_back(opening);
  const FitOutcome& first = result.fits.front();
  if (!first.usable) {
    lines.push_back(fmt::format("no model: {}", first.reason));
    return lines;
  }
  if (std::string failed = failed_comparisons(result); !failed.empty()) {
    lines.push_back(std::move(failed));
  }
  std::string endings;
  for (const std::filesystem::path& file : model_files(result, folder)) {
    if (file.parent_path().filename() != "hdl") continue;
    endings += (endings.empty() ? "" : ",") + file.extension().string().substr(1);
  }
  lines.push_back(
      fmt::format("model         {}, {}", (folder / kModelName).string(),
                  (folder / "hdl" / result.config.model).string() + ".{" + endings + "}"));
  lines.push_back(fmt::format("not verified  {}", fmt::join(not_verified(result), ", ")));
  return lines;
}

}  // namespace psi_xlstm
