#include "kernels/simd/adamw.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/simd/loops_of.hpp"
#include "kernels/simd/optimizer.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::kernels {
namespace {

template <class Real>
const OptimizerLoops<Real>& loops_for(InstructionSet set) {
  return loops_of(set, []<int Bytes>() -> const OptimizerLoops<Real>& {
    return optimizer_loops<Real, Bytes>();
  });
}

}  // namespace

template <class Real>
void adamw_step(std::span<Real> parameters,
                std::span<const Real> gradient,
                AdamWMoments<Real> moments,
                const AdamWOptions& options,
                InstructionSet instruction_set) {
  for (const std::size_t found : {gradient.size(), moments.first.size(), moments.second.size()}) {
    if (found != parameters.size()) {
      throw ShapeError(
          fmt::format("AdamW: expected {} entries of the gradient and of both moments, found {}",
                      parameters.size(), found));
    }
  }
  const double correction1 = 1 - std::pow(options.beta1, static_cast<double>(options.step));
  const double correction2 = 1 - std::pow(options.beta2, static_cast<double>(options.step));
  const auto real = [](double x) { return static_cast<Real>(x); };
  AdamW<Real> a{};
  a.count = static_cast<long>(parameters.size());
  a.parameters = parameters.data();
  a.gradient = gradient.data();
  a.first = moments.first.data();
  a.second = moments.second.data();
  a.scale = real(options.gradient_scale);
  a.keep = real(1 - options.learning_rate * options.weight_decay);
  a.beta1 = real(options.beta1);
  a.beta2 = real(options.beta2);
  a.rest1 = real(1 - options.beta1);
  a.rest2 = real(1 - options.beta2);
  a.rate = real(options.learning_rate / correction1);
  a.inverse_root2 = real(1 / std::sqrt(correction2));
  a.epsilon = real(options.epsilon);
  loops_for<Real>(instruction_set).adamw(a);
}

template <class Real>
double gradient_norm(std::span<const Real> gradient, InstructionSet instruction_set) {
  const auto& loops = loops_for<Real>(instruction_set);
  return std::sqrt(loops.sum_of_squares(gradient.data(), static_cast<long>(gradient.size())));
}

double clip_factor(double norm, double max_norm) { return std::min(1.0, max_norm / (norm + 1e-6)); }

template void adamw_step<float>(std::span<float>,
                                std::span<const float>,
                                AdamWMoments<float>,
                                const AdamWOptions&,
                                InstructionSet);
template void adamw_step<double>(std::span<double>,
                                 std::span<const double>,
                                 AdamWMoments<double>,
                                 const AdamWOptions&,
                                 InstructionSet);
template double gradient_norm<float>(std::span<const float>, InstructionSet);
template double gradient_norm<double>(std::span<const double>, InstructionSet);

}  // namespace psi_xlstm::kernels
