#include "training/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/atomic_file.hpp"
#include "core/safetensors.hpp"
#include "kernels/simd/adamw.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::training {
namespace {

template <class Number>
Tensor as_tensor(const std::vector<Number>& values) {
  return {{static_cast<std::int64_t>(values.size())}, {values.begin(), values.end()}};
}

template <class Number>
std::vector<Number> numbers(const SafetensorsFile& file, const std::string& name) {
  std::vector<Number> out;
  for (double x : file.tensors.at(name).values) out.push_back(static_cast<Number>(x));
  return out;
}

}  // namespace

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
  kernels::adamw_step<float>(state.parameters, gradient, state.first_moment, state.second_moment,
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

void save_training(const std::filesystem::path& file,
                   const TrainingState& state,
                   const std::string& fingerprint) {
  SafetensorsFile out;
  out.metadata = {{"format", "pt"}, {"fingerprint", fingerprint}};
  out.tensors["parameters"] = as_tensor(state.parameters);
  out.tensors["average"] = as_tensor(state.average);
  out.tensors["optim.first_moment"] = as_tensor(state.first_moment);
  out.tensors["optim.second_moment"] = as_tensor(state.second_moment);
  out.tensors["optim.bases"] = as_tensor(state.bases);
  out.tensors["best.parameters"] = as_tensor(state.best_parameters);
  out.tensors["assignment"] = as_tensor(state.assignment);
  const RngState& rng = state.rng.state();
  out.tensors["rng.key"] = as_tensor(std::vector<double>(rng.key.begin(), rng.key.end()));
  out.tensors["progress"] = as_tensor(std::vector<double>{
      static_cast<double>(state.step), state.best_validation, static_cast<double>(state.best_step),
      static_cast<double>(rng.position), rng.has_normal ? 1.0 : 0.0, rng.normal});
  Tensor curve;
  for (const auto& row : state.curve) {
    curve.values.insert(curve.values.end(), row.begin(), row.end());
  }
  const auto rows = static_cast<std::int64_t>(state.curve.size());
  curve.shape = {rows, rows == 0 ? 0 : static_cast<std::int64_t>(state.curve.front().size())};
  out.tensors["curve"] = curve;
  write_file(file, safetensors_bytes(out));
}

bool resume_training(const std::filesystem::path& file,
                     const std::string& fingerprint,
                     TrainingState& state) {
  if (!std::filesystem::exists(file)) return false;
  const SafetensorsFile in = parse_safetensors(read_file(file), file.string());
  const auto found = in.metadata.find("fingerprint");
  if (found == in.metadata.end() || found->second != fingerprint) return false;
  state.parameters = numbers<float>(in, "parameters");
  state.average = numbers<float>(in, "average");
  state.first_moment = numbers<float>(in, "optim.first_moment");
  state.second_moment = numbers<float>(in, "optim.second_moment");
  state.bases = numbers<float>(in, "optim.bases");
  state.best_parameters = numbers<float>(in, "best.parameters");
  state.assignment = numbers<int>(in, "assignment");
  const std::vector<double> progress = numbers<double>(in, "progress");
  state.step = static_cast<int>(progress.at(0));
  state.best_validation = progress.at(1);
  state.best_step = static_cast<int>(progress.at(2));
  RngState rng;
  const auto key = numbers<std::uint32_t>(in, "rng.key");
  std::copy_n(key.begin(), rng.key.size(), rng.key.begin());
  rng.position = static_cast<std::uint32_t>(progress.at(3));
  rng.has_normal = progress.at(4) != 0;
  rng.normal = progress.at(5);
  state.rng = Rng(rng);
  const Tensor& curve = in.tensors.at("curve");
  state.curve.clear();
  for (std::int64_t r = 0; r < curve.shape.at(0); ++r) {
    const auto first = curve.values.begin() + r * curve.shape.at(1);
    state.curve.emplace_back(first, first + curve.shape.at(1));
  }
  return true;
}

}  // namespace psi_xlstm::training
