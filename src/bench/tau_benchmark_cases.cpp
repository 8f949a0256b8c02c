#include "bench/tau_benchmark_cases.hpp"

namespace psi_xlstm::tau {
namespace {

BenchmarkCase designed_case(const char* name,
                            std::vector<double> taus,
                            double duration,
                            double sample_rate) {
  BenchmarkCase out{.name = name, .request = {}};
  out.request.taus = std::move(taus);
  out.request.duration = duration;
  out.request.conditions.sample_rate = sample_rate;
  return out;
}

}  // namespace

std::vector<BenchmarkCase> designed_cases() {
  return {designed_case("0.5/1.5 ms", {0.5e-3, 1.5e-3}, 20e-3, 2e6),
          designed_case("1/3/10 us", {1e-6, 3e-6, 10e-6}, 2e-3, 50e6),
          designed_case("1 ms", {1e-3}, 10e-3, 2e6),
          designed_case("0.1/0.5/2.5/12.5 ms", {0.1e-3, 0.5e-3, 2.5e-3, 12.5e-3}, 100e-3, 2e6)};
}

}  // namespace psi_xlstm::tau
