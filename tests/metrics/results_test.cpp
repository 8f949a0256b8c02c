#include "metrics/results.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

StudyMetrics example() {
  StudyMetrics metrics;
  metrics.study = "quickstart";
  ModelResult model;
  model.name = "compact";
  model.seed = 1;
  model.init = 11;
  model.parameters = 44;
  model.states = 1;
  model.test.mse = 1.47e-10;
  model.test.noise_floor = 0.0;
  metrics.models.push_back(model);
  metrics.baselines.push_back({.name = "mean", .mse = 1e-7, .nrmse_std = std::nullopt});
  metrics.cosim.push_back({.model = "compact",
                           .simulator = "vacask",
                           .path = "osdi",
                           .stimulus = "pulse train",
                           .max_abs_err_over_fs = 1e-4,
                           .rmse_over_fs = 2e-5,
                           .correlation = 1.0,
                           .points = 1001,
                           .limit = 1e-3,
                           .passed = true});
  metrics.not_run.push_back({"ngspice", "osdi", "there is no C compiler"});
  metrics.findings.push_back({.kind = FindingKind::kClipping,
                              .severity = FindingSeverity::kWarning,
                              .record = "r",
                              .value = 12,
                              .unit = "samples",
                              .sentence = "12 samples stand still"});
  return metrics;
}

TEST(MetricsText, NamesEveryFieldAndWritesNullForWhatIsAbsent) {
  EXPECT_EQ(metrics_text(example()), R"({
  "study": "quickstart",
  "models": [
    {
      "name": "compact",
      "seed": 1,
      "init": 11,
      "parameters": 44,
      "states": 1,
      "test": {
        "mse_A2": 1.47e-10,
        "noise_floor_A2": 0.0,
        "mse_over_floor": null,
        "nrmse_std": null,
        "nrmse_range": null,
        "nrmse_std_clean": null,
        "correlation": null,
        "max_abs_err_over_fs": null
      }
    }
  ],
  "baselines": [
    {
      "name": "mean",
      "mse_A2": 1e-07,
      "nrmse_std": null
    }
  ],
  "cosim": [
    {
      "model": "compact",
      "simulator": "vacask",
      "path": "osdi",
      "stimulus": "pulse train",
      "max_abs_err_over_fs": 0.0001,
      "rmse_over_fs": 2e-05,
      "correlation": 1.0,
      "points": 1001,
      "limit": 0.001,
      "passed": true,
      "not_verified": ""
    }
  ],
  "not_run": [
    {
      "simulator": "ngspice",
      "path": "osdi",
      "why": "there is no C compiler"
    }
  ],
  "numbers": [],
  "findings": [
    {
      "kind": "clipped samples",
      "severity": "warning",
      "record": "r",
      "value": 12.0,
      "unit": "samples",
      "sentence": "12 samples stand still"
    }
  ]
}
)");
}

TEST(MetricsText, ReadsBackAsItself) {
  const std::string text = metrics_text(example());
  EXPECT_EQ(metrics_text(parse_metrics(text, "metrics.json")), text);
}

TEST(MetricsText, WritesNullForWhatIsNotFinite) {
  StudyMetrics metrics = example();
  metrics.numbers.push_back({.name = "nan", .value = std::numeric_limits<double>::quiet_NaN()});
  metrics.numbers.push_back({.name = "inf", .value = std::numeric_limits<double>::infinity()});
  const auto back = parse_metrics(metrics_text(metrics), "metrics.json");
  ASSERT_EQ(back.numbers.size(), 2U);
  EXPECT_FALSE(back.numbers[0].value.has_value());
  EXPECT_FALSE(back.numbers[1].value.has_value());
  EXPECT_EQ(back.models[0].test.noise_floor, 0.0);
  EXPECT_FALSE(back.models[0].test.nrmse_std.has_value());
}

TEST(ParseMetrics, SaysWhatIsWrong) {
  const auto problem = [](const std::string& text) {
    try {
      parse_metrics(text, "metrics.json");
    } catch (const DataError& e) {
      return std::string(e.what());
    }
    return std::string("none");
  };
  EXPECT_EQ(problem(R"({"models": [{"parameters": "many"}]})"),
            "metrics.json: /models/0/parameters: expected an integer, found \"many\"");
  EXPECT_EQ(problem("{").substr(0, 35), "metrics.json: expected JSON, found ");
  EXPECT_EQ(problem("{}"), "none");
}

TEST(CompareMetrics, FindsNothingWithinTheTolerance) {
  StudyMetrics close = example();
  close.models[0].test.mse = 1.47e-10 * (1 + 1e-9);
  EXPECT_TRUE(compare_metrics(example(), close, 1e-8).empty());
  EXPECT_EQ(compare_metrics(example(), close, 1e-10).size(), 1U);
}

TEST(CompareMetrics, NamesThePointerOfEveryDifference) {
  StudyMetrics found = example();
  found.models[0].test.mse = 2.94e-10;
  found.models[0].states = std::nullopt;
  found.baselines.clear();
  found.cosim[0].path = "subcircuit";
  found.cosim[0].passed = false;
  const auto differences = compare_metrics(example(), found, 1e-6);
  EXPECT_EQ(differences,
            (std::vector<std::string>{
                "/models/0/states: expected 1, found null",
                "/models/0/test/mse_A2: expected 1.47e-10, found 2.94e-10 (relative difference "
                "0.5, allowed 1e-06)",
                "/baselines: expected 1 entries, found 0",
                "/cosim/0/path: expected \"osdi\", found \"subcircuit\"",
                "/cosim/0/passed: expected true, found false"}));
}

TEST(CompareMetrics, TreatsTwoZerosAsEqual) {
  StudyMetrics a = example();
  a.models[0].test.noise_floor = -0.0;
  EXPECT_TRUE(compare_metrics(a, example(), 0).empty());
}

}  // namespace
}  // namespace psi_xlstm
