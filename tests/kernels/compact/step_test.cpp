#include "kernels/compact/step.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/rng.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::kernels {
namespace {

std::vector<double> random(int count, double size, Rng& rng) {
  std::vector<double> out;
  for (int i = 0; i < count; ++i) out.push_back(size * rng.normal());
  return out;
}

// `size` is the standard deviation of all numbers.
CompactWeights student(int features, int states, int curve, double size) {
  Rng rng(static_cast<std::uint32_t>(100 * features + 10 * states + curve));
  CompactWeights w;
  w.by_voltage = random(features, size, rng);
  w.bias = random(features, size, rng);
  w.by_state = random(features * states, size, rng);
  w.rate = random(features * states, size, rng);
  w.rate_bias = random(states, size, rng);
  w.target = random(features * states, size, rng);
  w.target_bias = random(states, size, rng);
  w.readout = random(states, 0.5, rng);
  w.readout_bias = 0.3;
  w.curve_by_voltage = random(curve, size, rng);
  w.curve_bias = random(curve, size, rng);
  w.curve_gain = random(curve, 0.2, rng);
  return w;
}

double softplus(double a) { return std::max(a, 0.0) + std::log1p(std::exp(-std::abs(a))); }

// The equations of the header, one number after the other.
struct Plain {
  struct Gates {
    std::vector<double> l, z;
  };

  double sum(const std::vector<double>& matrix, std::size_t row, const std::vector<double>& x) {
    double out = 0;
    if (matrix.empty()) return 0;
    for (std::size_t j = 0; j < x.size(); ++j) out += matrix[row * x.size() + j] * x[j];
    return out;
  }
  Gates gates(const std::vector<double>& at, double voltage) {
    std::vector<double> phi;
    for (std::size_t j = 0; j < w.bias.size(); ++j) {
      phi.push_back(std::tanh(w.bias[j] + w.by_voltage[j] * voltage + sum(w.by_state, j, at)));
    }
    Gates out;
    for (std::size_t s = 0; s < at.size(); ++s) {
      out.l.push_back(softplus(w.rate_bias[s] + sum(w.rate, s, phi)));
      out.z.push_back(std::tanh(w.target_bias[s] + sum(w.target, s, phi)));
    }
    return out;
  }
  double read(double voltage) {
    double y = w.readout_bias + sum(w.readout, 0, c);
    for (std::size_t i = 0; i < w.curve_bias.size(); ++i) {
      y += w.curve_gain[i] * std::tanh(w.curve_by_voltage[i] * voltage + w.curve_bias[i]);
    }
    if (w.head == CompactHead::kExp) return std::exp(y);
    return w.head == CompactHead::kSoftplus ? softplus(y) : y;
  }
  double step(double rho, double voltage) {
    const Gates left = gates(c, last);
    std::vector<double> at = c;
    for (std::size_t s = 0; s < c.size(); ++s) {
      at[s] -= std::expm1(-rho * left.l[s]) * (left.z[s] - c[s]);
    }
    const Gates right = gates(at, voltage);
    for (std::size_t s = 0; s < c.size(); ++s) {
      const double both = left.l[s] + right.l[s];
      const double mean =
          both > 0 ? (left.l[s] * left.z[s] + right.l[s] * right.z[s]) / both : left.z[s];
      c[s] -= std::expm1(-rho * both / 2) * (mean - c[s]);
    }
    last = voltage;
    return read(voltage);
  }

  CompactWeights w;
  std::vector<double> c;
  double last = 0;
};

template <class Real>
void expect_equations(const CompactWeights& weights, double tolerance) {
  const std::vector<double> rho = {1, 0.2, 0, 3, 1e-6, 40, 1e5, 1},
                            voltage = {0.3, -1, 2, 1e3, 0, -0.5, 0.7, -1e-9};
  for (const InstructionSet set : available_instruction_sets()) {
    CompactStep<Real> step(weights, set);
    Plain plain{weights, {}};
    for (std::size_t s = 0; s < weights.readout.size(); ++s) {
      plain.c.push_back(0.2 * std::cos(1.0 + static_cast<double>(s)));
    }
    plain.last = 0.4;
    EXPECT_NEAR(static_cast<double>(step.start(plain.c, 0.4)), plain.read(0.4), 10 * tolerance);
    for (std::size_t k = 0; k < rho.size(); ++k) {
      const double wanted = plain.step(rho[k], voltage[k]);
      const double found = static_cast<double>(step.step(rho[k], voltage[k]));
      EXPECT_NEAR(found / wanted, 1, 10 * tolerance) << name(set) << ", step " << k;
      const std::vector<double> states = step.states();
      ASSERT_EQ(states.size(), plain.c.size());
      for (std::size_t s = 0; s < states.size(); ++s) {
        EXPECT_NEAR(states[s], plain.c[s], tolerance) << name(set) << ", step " << k;
      }
    }
  }
}

TEST(CompactStep, ComputesTheEquationsOfItsHeader) {
  for (const CompactHead head : {CompactHead::kExp, CompactHead::kSoftplus, CompactHead::kAffine}) {
    for (const int states : {0, 1, 2, 9, 20}) {
      for (const int features : {1, 4, 8, 19, 70}) {
        CompactWeights w = student(features, states, states == 1 ? 0 : 3, 0.4);
        w.head = head;
        if (head == CompactHead::kAffine) w.readout_bias = 8;
        expect_equations<double>(w, 1e-13);
        expect_equations<float>(w, 1e-5);
      }
    }
  }
}

TEST(CompactStep, HoldsFarFromTheOrigin) {
  for (const int states : {1, 5}) {
    CompactWeights w = student(8, states, 4, 4);  // rates from e^-30 to 30
    w.by_state.clear();
    expect_equations<double>(w, 1e-13);
    expect_equations<float>(w, 2e-5);
  }
}

TEST(CompactStep, TakesConstantRates) {
  for (const int states : {1, 3}) {
    CompactWeights w = student(6, states, 0, 0.4);
    w.rate.clear();
    expect_equations<double>(w, 1e-13);
    w.by_state.clear();
    expect_equations<double>(w, 1e-13);
  }
}

TEST(CompactStep, ShowsWhatIsNotANumber) {
  CompactStep<float> step(student(8, 1, 2, 0.4));
  EXPECT_TRUE(std::isnan(step.step(1, std::nan(""))));
}

TEST(CompactStep, RefusesLengthsThatDiffer) {
  const CompactWeights right = student(4, 2, 3, 0.4);
  EXPECT_NO_THROW(CompactStep<float>{right});
  for (std::vector<double> CompactWeights::*part :
       {&CompactWeights::by_voltage, &CompactWeights::by_state, &CompactWeights::rate,
        &CompactWeights::rate_bias, &CompactWeights::target, &CompactWeights::target_bias,
        &CompactWeights::curve_by_voltage, &CompactWeights::curve_gain}) {
    CompactWeights wrong = right;
    (wrong.*part).push_back(0);
    EXPECT_THROW(CompactStep<float>{wrong}, ShapeError);
  }
}

}  // namespace
}  // namespace psi_xlstm::kernels
