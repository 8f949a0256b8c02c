#include "equations/relaxation.hpp"

#include <cstdint>
#include <limits>
#include <vector>

#include "equations/shape_check.hpp"
#include "equations/time_constant.hpp"

namespace psi_xlstm::equations {
namespace {

using torch::Tensor;

// What C and n of an mLSTM relax to, and the rate, with the trailing axes of C and of n.
struct MlstmDrive {
  EdgeDrive C, n;
};

MlstmDrive mlstm_drive(const MlstmInput& input, double dt0) {
  expect_shape("mLSTM key", input.k, {kAny, kAny, kAny});
  const auto batch = input.k.size(0), heads = input.k.size(1);
  expect_shape("mLSTM value", input.v, input.k.sizes());
  expect_shape("mLSTM input gate", input.i, {batch, heads});
  expect_shape("mLSTM forget gate", input.f, {batch, heads});
  const auto rate = relaxation_rate(input.f, dt0).unsqueeze(-1);
  const auto ik = bounded_input_gate(input.i).unsqueeze(-1) * input.k;
  return {.C = {rate.unsqueeze(-1), input.v.unsqueeze(-1) * ik.unsqueeze(-2)}, .n = {rate, ik}};
}

// dt [B] with the axes of `memory`.
Tensor per_row(const Tensor& dt, const Tensor& memory) {
  expect_shape("step", dt, {memory.size(0)});
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(memory.dim()), 1);
  sizes[0] = dt.size(0);
  return dt.view(sizes);
}

}  // namespace

Tensor bounded_input_gate(const Tensor& input_gate) {
  return torch::exp(kInputGateBound * torch::tanh(input_gate / kInputGateBound));
}

Tensor mix(const Tensor& memory, const EdgeDrive& edge0, const EdgeDrive& edge1, const Tensor& dt) {
  const auto sum = edge0.rate + edge1.rate;
  const auto positive = sum.clamp_min(std::numeric_limits<float>::min());
  const auto target = (edge0.rate * edge0.drive + edge1.rate * edge1.drive) / positive;
  return memory + relaxed_fraction(sum / 2, dt) * (target - memory);
}

SlstmGates slstm_gates(const Tensor& drive, const Tensor& recurrent, const Tensor& h, double dt0) {
  expect_shape("sLSTM hidden", h, {kAny, kAny});
  const auto hidden = h.size(1);
  expect_shape("sLSTM drive", drive, {h.size(0), 4 * hidden});
  expect_shape("sLSTM recurrent weight", recurrent, {4 * hidden, hidden});
  const auto a = torch::addmm(drive, h, recurrent.t()).chunk(4, 1);  // i~, f~, z~, o~
  return {.rate = relaxation_rate(a[1], dt0),
          .i = bounded_input_gate(a[0]),
          .z = torch::tanh(a[2]),
          .o = torch::sigmoid(a[3])};
}

SlstmMemory slstm_derivative(const SlstmMemory& memory, const SlstmGates& gates) {
  return {.c = gates.rate * (gates.i * gates.z - memory.c), .n = gates.rate * (gates.i - memory.n)};
}

Tensor slstm_output(const SlstmMemory& memory, const SlstmGates& gates) {
  return gates.o * (memory.c / memory.n);
}

SlstmMemory slstm_relax(const SlstmMemory& memory,
                        const Tensor& drive0,
                        const Tensor& drive1,
                        const Tensor& recurrent,
                        const Tensor& dt,
                        double dt0) {
  expect_shape("sLSTM normaliser", memory.n, memory.c.sizes());
  const auto step = per_row(dt, memory.c);
  const auto h0 = memory.c / memory.n;
  const SlstmGates at0 = slstm_gates(drive0, recurrent, h0, dt0);
  const auto reach = [&](const SlstmGates& at1) -> SlstmMemory {
    return {.c = mix(memory.c, {at0.rate, at0.i * at0.z}, {at1.rate, at1.i * at1.z}, step),
            .n = mix(memory.n, {at0.rate, at0.i}, {at1.rate, at1.i}, step)};
  };
  const SlstmMemory predicted = reach(slstm_gates(drive1, recurrent, h0, dt0));
  return reach(slstm_gates(drive1, recurrent, predicted.c / predicted.n, dt0));
}

SlstmMemory slstm_rest(const Tensor& drive, const Tensor& recurrent) {
  const double any_dt0 = 1;  // a rest state has no time
  auto h = torch::zeros({drive.size(0), recurrent.size(1)}, drive.options());
  for (int k = 0; k < kRestIterations; ++k) h = slstm_gates(drive, recurrent, h, any_dt0).z;
  const auto i = slstm_gates(drive, recurrent, h, any_dt0).i;
  return {.c = i * h, .n = i};
}

MlstmMemory mlstm_derivative(const MlstmMemory& memory, const MlstmInput& input, double dt0) {
  const auto [C, n] = mlstm_drive(input, dt0);
  return {.C = C.rate * (C.drive - memory.C), .n = n.rate * (n.drive - memory.n)};
}

MlstmMemory mlstm_relax(const MlstmMemory& memory,
                        const MlstmInput& input0,
                        const MlstmInput& input1,
                        const Tensor& dt,
                        double dt0) {
  const MlstmDrive at0 = mlstm_drive(input0, dt0), at1 = mlstm_drive(input1, dt0);
  expect_shape("mLSTM memory", memory.C, at0.C.drive.sizes());
  expect_shape("mLSTM normaliser", memory.n, at0.n.drive.sizes());
  expect_shape("mLSTM key at the end of the step", input1.k, input0.k.sizes());
  return {.C = mix(memory.C, at0.C, at1.C, per_row(dt, memory.C)),
          .n = mix(memory.n, at0.n, at1.n, per_row(dt, memory.n))};
}

Tensor mlstm_smooth_readout(const MlstmMemory& memory, const Tensor& q) {
  expect_shape("mLSTM query", q, memory.n.sizes());
  const auto numerator = torch::matmul(memory.C, q.unsqueeze(-1)).squeeze(-1);
  const auto n_dot_q = (memory.n * q).sum(-1);  // [B, N]
  return numerator / torch::sqrt(n_dot_q * n_dot_q + 1).unsqueeze(-1);
}

MlstmMemory mlstm_rest(const MlstmInput& input) {
  const auto [C, n] = mlstm_drive(input, /*dt0=*/1);  // a rest state has no time
  return {.C = C.drive, .n = n.drive};
}

}  // namespace psi_xlstm::equations
