#include "tau/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/number_text.hpp"
#include "tau/advice.hpp"

namespace psi_xlstm::tau {
namespace {

constexpr double kStrongEvidence = 6;  // Of a difference of BIC (R. E. Kass, A. E. Raftery 1995).
constexpr double kWideSd = 0.2069;     // 1.96 sd = ln 1.5: beyond it the profile is taken.
constexpr double kClose = 0.3;         // Relative, of an identified time constant.
constexpr double kIdentifiedSd = 0.1339;  // Of ln tau: 1.96 sd = ln 1.3.
constexpr double kFewestSteps = 3;        // Samples in a time constant.
constexpr double kDecade = 10;
constexpr double kMoved = 2;        // A factor.
constexpr double kLongEnough = 5;   // Time constants in a record.
constexpr double kBetterFit = 0.9;  // Of the mean square, for rates that depend on bias.

std::string seconds(double tau) { return engineering(tau, "s"); }

struct Limits {
  double low = 0, high = INFINITY;
};

Limits limits(const Interval& interval) {
  return {interval.low.value_or(0), interval.high.value_or(INFINITY)};
}

bool within(const Limits& l, double tau, double fraction) {
  return l.low >= (1 - fraction) * tau && l.high <= (1 + fraction) * tau;
}

// Whether the estimate does not lean on the absence of slower relaxations.
bool stays(const ProcessEstimate& p) {
  return std::abs(std::log(p.tau_beside_slow / p.tau)) < std::log(1 + kClose) &&
         p.sd_beside_slow < kClose;
}

// The longest record: what it cannot tell, the others of a device seldom can.
std::size_t longest_record(const std::vector<Record>& records) {
  const auto span = [](const Record& r) { return r.time.back() - r.time.front(); };
  const auto longest =
      std::max_element(records.begin(), records.end(),
                       [&](const Record& a, const Record& b) { return span(a) < span(b); });
  return static_cast<std::size_t>(longest - records.begin());
}

// What the Cramer-Rao bound of the fitted device says that process k lacks.
LimitFound limit_of_fit(const std::vector<Record>& records, const TauEstimate& e, int k) {
  const PreparedRecords& prepared = e.choice.records;
  const Eigen::VectorXd& gains = e.fit.solution.amplitudes;
  const RelaxationDevice device{.g0 = e.fit.solution.statics[0],
                                .gains = {gains.data(), gains.data() + gains.size()},
                                .taus = e.fit.taus,
                                .form = prepared.response.form};
  const std::size_t r = longest_record(records);
  // The other records tell as much again: counted as a lower noise of this one.
  const double share = static_cast<double>(records[r].size()) / prepared.samples();
  const double variance = prepared.variances[r] * e.fit.noise_factor * share;
  if (!(variance > 0)) return {};  // nothing but rounding is left over
  return limit_of(device, k, {.time = records[r].time, .voltage = records[r].voltage[0]},
                  {.noise = std::sqrt(variance),
                   .known_start = !e.choice.free_start,
                   .drive = [d = prepared.response.drive](double V) { return drive_at(d, V); }},
                  kIdentifiedSd);
}

std::string why_not(const std::vector<Record>& records,
                    const TauEstimate& e,
                    const ProcessEstimate& p,
                    int k) {
  if (p.tau < kFewestSteps * e.sample_step) {
    return fmt::format("tau is only {:.1f} sample steps", p.tau / e.sample_step);
  }
  if (e.duration < kLongEnough * p.tau) {
    return fmt::format(
        "record too short against tau: it lasts {:.1f} time constants, and a slower "
        "relaxation would go unseen",
        e.duration / p.tau);
  }
  const LimitFound found = limit_of_fit(records, e, k);
  if (found.limit != Limit::kNone) return text_of(found);
  if (!stays(p)) {
    return fmt::format(
        "record too short: it cannot exclude slower relaxations, and beside one the "
        "value would be {} with sd {:.0f} %",
        seconds(p.tau_beside_slow), 100 * std::min(p.sd_beside_slow, 99.0));
  }
  return e.fit.sandwich
             ? "residuals that are not white widen the interval: something besides noise is left "
               "over"
             : "noise: with these samples the interval is just too wide";
}

ProcessEstimate describe_process(const std::vector<Record>& records,
                                 const TauEstimate& e,
                                 const SlowCheck& slow,
                                 int k) {
  const auto i = static_cast<std::size_t>(k);
  ProcessEstimate p;
  p.tau = e.fit.taus[i];
  p.amplitude = e.fit.solution.amplitudes[k];
  p.sd_ln_tau = std::sqrt(e.fit.covariance(k, k));
  p.tau_beside_slow = slow.taus[i];
  p.sd_beside_slow = slow.sd_ln_tau[i];
  Interval interval = normal_interval(p.tau, p.sd_ln_tau);
  if (p.sd_ln_tau > kWideSd) {
    // Coloured residuals widen the profile as they widen the sandwich.
    interval = profile_interval(e.choice, e.fit.taus, k, e.fit.widening[k] * e.fit.noise_factor);
    p.profile = true;
  }
  p.low = interval.low;
  p.high = interval.high;
  const Limits a = limits(interval),
               b = limits(normal_interval(p.tau_beside_slow, p.sd_beside_slow));
  const Limits all{std::min(a.low, b.low), std::max(a.high, b.high)};
  const bool moved = std::abs(std::log(p.tau_beside_slow / p.tau)) > std::log(kMoved);
  const bool fits = e.duration >= kLongEnough * p.tau && p.tau >= kFewestSteps * e.sample_step;
  if (moved || !(all.high <= kDecade * all.low)) {
    p.verdict = Verdict::kNotIdentifiable;
  } else {
    p.verdict =
        fits && stays(p) && within(a, p.tau, kClose) ? Verdict::kIdentified : Verdict::kWeak;
  }
  p.reason =
      p.verdict == Verdict::kIdentified ? "the interval is within 30 %" : why_not(records, e, p, k);
  return p;
}

// Whether the stretched exponential is the better explanation, and one that the records can show.
bool stretched_wins(const TauEstimate& e) {
  const StretchedFit& s = e.choice.stretched;
  return e.choice.stretched_bic < e.choice.best_bic() - kStrongEvidence &&
         s.tau * kLongEnough <= e.duration && s.beta < kLargestBeta - 0.02;
}

void add_processes(const std::vector<Record>& records, TauEstimate& e) {
  const SlowCheck slow = check_against_slow(e.choice, e.fit.taus, e.duration, e.fit.noise_factor);
  for (int k = 0; k < e.choice.processes; ++k) {
    e.processes.push_back(describe_process(records, e, slow, k));
  }
  if (e.choice.stretched_bic >= e.choice.best_bic() + 2) return;
  for (ProcessEstimate& p : e.processes) {
    p.verdict = Verdict::kNotIdentifiable;
    p.reason = fmt::format(
        "a stretched exponential (tau {}, beta {:.2f}) explains the records as "
        "well as fixed time constants",
        seconds(e.choice.stretched.tau), e.choice.stretched.beta);
  }
}

double relative_mean_square(const TauEstimate& e) {
  double sum = 0;
  for (std::size_t r = 0; r < e.choice.records.moments.size(); ++r) {
    const RecordMoments& m = e.choice.records.moments[r];
    sum += e.fit.solution.record_costs[r] * e.choice.records.variances[r] / m.total()(0, 0) *
           m.count();
  }
  return sum / e.choice.records.samples();
}

void conclude(const std::vector<Record>& records, const EstimateOptions& options, TauEstimate& e) {
  const int K = e.choice.processes;
  if (stretched_wins(e)) {
    e.memory = Memory::kStretched;
    e.conclusion = fmt::format(
        "No fixed time constants: a stretched exponential with tau = {} and beta = {:.2f} explains "
        "the records better than {} of them (BIC {:.0f} lower).",
        seconds(e.choice.stretched.tau), e.choice.stretched.beta, K,
        e.choice.best_bic() - e.choice.stretched_bic);
    return;
  }
  const bool coloured = !e.fit.whiteness.white();
  if (coloured && options.bias_dependent) {
    e.bias_rates = fit_bias_rates(records, options.threads);
    const BiasRates& b = *e.bias_rates;
    if (b.usable && b.mean_square < kBetterFit * relative_mean_square(e)) {
      e.memory = Memory::kBiasDependent;
      e.conclusion = fmt::format(
          "No fixed time constants: a relaxation whose rate depends on bias and state explains the "
          "records better than {} fixed ones (mean square of the residuals {:.2g} of theirs); its "
          "time constant varies by a factor of {:.2g}.",
          K, b.mean_square / relative_mean_square(e), b.spread);
      return;
    }
  }
  if (coloured && K == kMostProcesses) {
    e.memory = Memory::kUnexplained;
    e.conclusion =
        fmt::format("No fixed time constants: {} of them leave residuals that are not white.", K);
    return;
  }
  if (K == 0) {
    e.memory = Memory::kNone;
    e.conclusion = "No memory: a static curve explains the records.";
    return;
  }
  e.memory = Memory::kFixed;
  add_processes(records, e);
  const auto count = [&](Verdict v) {
    return std::count_if(e.processes.begin(), e.processes.end(),
                         [v](const ProcessEstimate& p) { return p.verdict == v; });
  };
  e.conclusion = fmt::format(
      "{} relaxation{}: {} identified, {} weak, {} not identifiable from these records.", K,
      K == 1 ? "" : "s", count(Verdict::kIdentified), count(Verdict::kWeak),
      count(Verdict::kNotIdentifiable));
}

}  // namespace

std::string text_of(Verdict verdict) {
  return verdict == Verdict::kIdentified ? "identified"
         : verdict == Verdict::kWeak     ? "weak"
                                         : "not identifiable";
}

std::string text_of(Memory memory) {
  switch (memory) {
    case Memory::kNone:
      return "none";
    case Memory::kFixed:
      return "fixed time constants";
    case Memory::kStretched:
      return "stretched exponential";
    case Memory::kBiasDependent:
      return "rates that depend on bias";
    case Memory::kUnexplained:
      break;
  }
  return "unexplained";
}

Verdict TauEstimate::best_verdict() const {
  Verdict best = Verdict::kNotIdentifiable;
  for (const ProcessEstimate& p : processes) best = std::min(best, p.verdict);
  return best;
}

TauEstimate estimate(const std::vector<Record>& records, const EstimateOptions& options) {
  TauEstimate e;
  e.choice = choose_memory(records, options.choice);
  for (const Record& record : records) {
    e.duration = std::max(e.duration, record.time.back() - record.time.front());
  }
  e.sample_step = 2 * e.choice.records.grid.low();
  e.fit = refine(records, e.choice);
  conclude(records, options, e);
  if (e.fit.sandwich) {
    e.warnings.push_back(
        "The residuals are not white: something besides noise is left over; intervals are "
        "widened.");
  }
  const ConstantRates& chosen = e.choice.fits[static_cast<std::size_t>(e.choice.processes)];
  if (e.choice.processes > 0 && chosen.agreeing < 2) {
    e.warnings.push_back(fmt::format("Only one of {} starts ended in this fit.", chosen.starts));
  }
  return e;
}

}  // namespace psi_xlstm::tau
