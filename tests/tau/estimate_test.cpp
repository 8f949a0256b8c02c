#include "tau/estimate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "devices/mem3.hpp"
#include "psi_xlstm/core/error.hpp"
#include "tau/one_process.hpp"

namespace psi_xlstm::tau {
namespace {

TEST(Estimate, FindsOneProcessWithItsInterval) {
  const Mem3Config config = one_process();
  const TauEstimate e = estimate({mem3_record(config, mem3_drive(config))}, {});
  EXPECT_EQ(e.memory, Memory::kFixed);
  ASSERT_EQ(e.processes.size(), 1u);
  const ProcessEstimate& p = e.processes[0];
  EXPECT_NEAR(p.tau, 1e-3, 4 * p.sd_ln_tau * 1e-3);
  EXPECT_LT(p.sd_ln_tau, 0.05);
  EXPECT_EQ(p.verdict, Verdict::kIdentified) << p.reason;
  EXPECT_TRUE(e.fit.whiteness.white());
  EXPECT_EQ(e.choice.records.response, (Response{Form::kConductance, Drive::kSquare}));
  EXPECT_GE(e.choice.fits[1].starts, 8);
}

// Without noise what is left is what the samples do not say about the drive between them.
TEST(Estimate, IsExactWithoutNoise) {
  Mem3Config config = one_process();
  config.waveform = Mem3Waveform::kStep;
  config.noise = 0;
  const TauEstimate e =
      estimate({mem3_record(config, mem3_drive(config))},
               {.choice = {.response = all_responses()[0], .start = StartKnowledge::kRest},
                .bias_dependent = false});
  ASSERT_GE(e.fit.taus.size(), 1u);
  EXPECT_NEAR(e.choice.fits[1].taus[0], 1e-3, 1e-7);
}

TEST(Estimate, SaysThatThereIsNoMemory) {
  Mem3Config config = one_process();
  config.gains = {0};
  const TauEstimate e = estimate({mem3_record(config, mem3_drive(config))}, {});
  EXPECT_EQ(e.memory, Memory::kNone);
  EXPECT_TRUE(e.processes.empty());
}

// A drive of +-1 V has V^2 = 1 throughout: a settled device shows nothing of its memory.
TEST(Estimate, SaysSoWhereTheRecordIsTooShort) {
  Mem3Config config = one_process();
  config.duration = 1.5e-3;
  const TauEstimate e = estimate({mem3_record(config, mem3_drive(config))}, {});
  ASSERT_FALSE(e.processes.empty());
  for (const ProcessEstimate& p : e.processes) {
    EXPECT_NE(p.verdict, Verdict::kIdentified) << p.tau;
    EXPECT_EQ(p.reason.find("record too short"), 0u) << p.reason;
  }
}

// A tone whose mean square never changes after the first millisecond: a hundred time constants of
// record, of which the first few tell everything.
TEST(Estimate, SaysSoWhereTheDriveHasNoSlowComponent) {
  Mem3Config config = one_process();
  config.waveform = Mem3Waveform::kPublished;
  config.gains = {0.05e-3};
  config.duration = 40e-3;
  config.noise = 0.03;
  const TauEstimate e =
      estimate({mem3_record(config, mem3_drive(config))},
               {.choice = {.response = all_responses()[0], .start = StartKnowledge::kRest}});
  ASSERT_EQ(e.processes.size(), 1u);
  EXPECT_NE(e.processes[0].verdict, Verdict::kIdentified);
  EXPECT_EQ(e.processes[0].reason.find("excitation without a slow component"), 0u)
      << e.processes[0].reason;
}

// A pulse of a third of tau takes the state from rest to where the voltage afterwards keeps it: the
// slope in the pulse tells tau, but only if the pulse began at rest. The reason must name that, and
// from rest it must be another one.
TEST(Estimate, SaysSoWhereTheStartIsUnknown) {
  Mem3Config config = one_process();
  config.duration = 9e-3;
  config.sample_rate = 200e3;
  config.noise = 0.1;
  const Record record = mem3_record(config, [](double t) { return t < 0.35e-3 ? 1.0 : 0.5; });
  const auto reason = [&](StartKnowledge start) {
    const TauEstimate e = estimate(
        {record},
        {.choice = {.response = all_responses()[0], .start = start}, .bias_dependent = false});
    return e.processes.size() == 1 ? e.processes[0].reason : "not one process";
  };
  const std::string from_rest = reason(StartKnowledge::kRest);
  EXPECT_EQ(from_rest.find("record too short: it cannot exclude"), 0u) << from_rest;
  const std::string unknown = reason(StartKnowledge::kUnknown);
  EXPECT_EQ(unknown.find("unknown initial state"), 0u) << unknown;
}

// Coloured noise must be noticed, and must widen the intervals.
TEST(Estimate, WidensIntervalsWhereResidualsAreColoured) {
  const Mem3Config config = one_process();
  Mem3Config silent = config;
  silent.noise = 0;
  Record record = mem3_record(silent, mem3_drive(silent));
  Rng rng(1002);
  double x = 0;
  for (std::size_t i = 0; i < record.size(); ++i) {
    x = 0.9 * x + 1.5e-5 * rng.normal();
    record.current[0][i] += x * (record.voltage[0][i] > 0 ? 1 : -1);
  }
  const Choice choice =
      choose_memory({record}, {.response = all_responses()[0], .start = StartKnowledge::kRest});
  Choice one = choice;
  one.processes = 1;
  const RefinedFit fit = refine({record}, one);
  EXPECT_FALSE(fit.whiteness.white());
  EXPECT_TRUE(fit.sandwich);
  EXPECT_GT(fit.widening[0], 1.5);
  EXPECT_LT(std::abs(std::log(fit.taus[0] / 1e-3)), 4 * std::sqrt(fit.covariance(0, 0)));
}

// Where the likelihood is a parabola, both intervals are the same.
TEST(ProfileInterval, AgreesWithTheNormalOneWhereThatIsNarrow) {
  const Mem3Config config = one_process();
  const Choice choice =
      choose_memory({mem3_record(config, mem3_drive(config))}, {.response = all_responses()[0]});
  const RefinedFit fit = refine({mem3_record(config, mem3_drive(config))}, choice);
  ASSERT_EQ(fit.taus.size(), 1u);
  const Interval profile = profile_interval(choice, fit.taus, 0, fit.noise_factor);
  const Interval normal = normal_interval(fit.taus[0], std::sqrt(fit.covariance(0, 0)));
  ASSERT_TRUE(profile.low && profile.high);
  EXPECT_NEAR(std::log(*profile.low / *normal.low), 0, 0.003);
  EXPECT_NEAR(std::log(*profile.high / *normal.high), 0, 0.003);
}

TEST(Estimate, RefusesRecordsThatCannotBeUsed) {
  EXPECT_THROW(estimate({}, {}), DataError);
  Record empty;
  EXPECT_THROW(estimate({empty}, {}), DataError);
}

}  // namespace
}  // namespace psi_xlstm::tau
