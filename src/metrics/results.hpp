#pragma once

/// @file
/// What a study found, as plain numbers: the content of metrics.json and of the tables of a report.
/// An absent value is null in the file, never 0; so is one that is not finite.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json/config_io.hpp"
#include "metrics/errors.hpp"
#include "metrics/finding.hpp"
#include "metrics/verdict.hpp"

namespace psi_xlstm {

/// One trained model on the test records.
struct ModelResult {
  std::string name;
  std::optional<int> seed;        ///< Of the generator of the run.
  std::optional<int> init;        ///< Seed of the starting points of its training.
  std::optional<int> parameters;  ///< Number of trained numbers.
  std::optional<int> states;      ///< Number of state variables.
  ErrorMetrics test;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("name", c.name);
    visit("seed", c.seed);
    visit("init", c.init);
    visit("parameters", c.parameters);
    visit("states", c.states);
    visit("test", c.test);
  }
};

/// One trivial predictor on the test records, or a bound.
struct BaselineResult {
  std::string name;
  std::optional<double> mse;        ///< [A^2]
  std::optional<double> nrmse_std;  ///< Dimensionless.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("name", c.name);
    visit("mse_A2", c.mse);
    visit("nrmse_std", c.nrmse_std);
  }
};

/// One comparison of an emitted model with its reference, on the current through the device.
struct CosimRow {
  std::string model;
  std::string simulator = "ngspice";          ///< Which simulator ran it.
  std::string path;                           ///< How the model was run, e.g. "osdi".
  std::string stimulus;                       ///< E.g. "pulse train".
  std::optional<double> max_abs_err_over_fs;  ///< Largest error over max |I| of the stimulus.
  std::optional<double> rmse_over_fs;         ///< Root mean square error over the same.
  std::optional<double> correlation;          ///< Pearson's.
  std::optional<int> points;                  ///< Time points that the simulator computed.
  std::optional<double> limit;                ///< Of max_abs_err_over_fs.
  std::optional<bool> passed;                 ///< Absent: not judged, or not verified.
  std::string not_verified;  ///< Why a row that was to be judged is not; else empty.

  /// "ngspice, subcircuit"
  std::string form() const { return simulator + ", " + path; }

  /// Absent where the row was not to be judged.
  std::optional<Verdict> verdict() const {
    if (passed) return *passed ? Verdict::kPassed : Verdict::kFailed;
    if (not_verified.empty() && !limit) return std::nullopt;
    return Verdict::kNotVerified;
  }

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("model", c.model);
    visit("simulator", c.simulator);
    visit("path", c.path);
    visit("stimulus", c.stimulus);
    visit("max_abs_err_over_fs", c.max_abs_err_over_fs);
    visit("rmse_over_fs", c.rmse_over_fs);
    visit("correlation", c.correlation);
    visit("points", c.points);
    visit("limit", c.limit);
    visit("passed", c.passed);
    visit("not_verified", c.not_verified);
  }
};

/// A form that a simulator did not run, and why.
struct NotRun {
  std::string simulator;
  std::string path;  ///< As of CosimRow.
  std::string why;   ///< One sentence.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("simulator", c.simulator);
    visit("path", c.path);
    visit("why", c.why);
  }
};

/// A number that only some studies have, e.g. the error of a time constant.
struct NamedNumber {
  std::string name;  ///< With its unit, e.g. "tau_1_error_percent".
  std::optional<double> value;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("name", c.name);
    visit("value", c.value);
  }
};

/// Everything one study found.
struct StudyMetrics {
  std::string study;
  std::vector<ModelResult> models;
  std::vector<BaselineResult> baselines;
  std::vector<CosimRow> cosim;
  std::vector<NotRun> not_run;
  std::vector<NamedNumber> numbers;
  std::vector<Finding> findings;  ///< About the records, corrections included.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("study", c.study);
    visit("models", c.models);
    visit("baselines", c.baselines);
    visit("cosim", c.cosim);
    visit("not_run", c.not_run);
    visit("numbers", c.numbers);
    visit("findings", c.findings);
  }
};

/// The text of metrics.json: every field, shortest numbers, two spaces of indent; equal results
/// give equal bytes. Throws DataError if a name is not UTF-8.
std::string metrics_text(const StudyMetrics& metrics);

/// The reverse; `where` opens every message. Throws DataError naming every problem at once.
StudyMetrics parse_metrics(std::string_view text, const std::string& where);

/// One sentence per value in which `found` differs from `expected`, opened by its JSON pointer, in
/// the order of the file. Numbers differ if they are further apart than `relative_tolerance` times
/// the larger of their magnitudes; all else must be equal. Throws DataError as metrics_text does.
std::vector<std::string> compare_metrics(const StudyMetrics& expected,
                                         const StudyMetrics& found,
                                         double relative_tolerance);

}  // namespace psi_xlstm
