#include "training/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/simd/adamw.hpp"

namespace psi_xlstm::training {
TrainingState begin_training(const std::vector<double>& parameters, int seed) {
  TrainingState state;
  state.parameters.assign(parameters.begin(), parameters.end());
  state.average = state.parameters;
  state.first_moment.assign(parameters.size(), 0);
  state.second_moment.assign(parameters.size(), 0);
  state.rng = Rng(static_cast<std::uint32_t>(seed));
  return state;
}

double learning_rate(const PhaseConfig& phase, int step) {
  constexpr double kWarmUp = 20;
  const double done = static_cast<double>(step) / std::max(1, phase.steps);
  const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * done));
  const double fraction = phase.final_fraction + (1 - phase.final_fraction) * cosine;
  return phase.learning_rate * fraction * std::min(1.0, (step + 1) / kWarmUp);
}

double optimizer_step(TrainingState& state,
                      std::span<const float> gradient,
                      double rate,
                      double clip,
                      double weight_decay) {
  const double norm = kernels::gradient_norm<float>(gradient);
  if (!std::isfinite(norm)) return norm;
  ++state.step;
  kernels::adamw_step<float>(state.parameters, gradient, {state.first_moment, state.second_moment},
                             {.learning_rate = rate,
                              .weight_decay = weight_decay,
                              .gradient_scale = kernels::clip_factor(norm, clip),
                              .step = state.step});
  update_average(state);
  return norm;
}

void update_average(TrainingState& state) {
  constexpr float kShare = 0.01f;
  for (std::size_t i = 0; i < state.average.size(); ++i) {
    state.average[i] += kShare * (state.parameters[i] - state.average[i]);
  }
}

}  // namespace psi_xlstm::training
