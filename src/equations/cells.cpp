#include "equations/cells.hpp"

#include <cmath>
#include <limits>

#include "equations/shape_check.hpp"

namespace psi_xlstm::equations {
namespace {

using torch::Tensor;

// ln((1 - f0^r)/(1 - f0)) with s = -ln f0, for r > 0. Where s underflows the limit is ln r.
Tensor log_drive_factor(const Tensor& s, const Tensor& r) {
  const auto negligible = s < std::numeric_limits<float>::min();
  const auto safe_s = s.masked_fill(negligible, 1);
  const auto factor = torch::expm1(-r * safe_s) / torch::expm1(-safe_s);
  return torch::where(negligible, r.expand_as(s), factor).log();
}

// r [B] as a column [B, 1], or undefined.
Tensor per_row(const Tensor& step_ratio, std::int64_t batch) {
  if (!step_ratio.defined()) return step_ratio;
  expect_shape("step ratio", step_ratio, {batch});
  return step_ratio.unsqueeze(1);
}

// m of xLSTM Eq. (15), a constant in gradients.
Tensor stabiliser(const LogGates& gates, const Tensor& m) {
  return torch::maximum(gates.input.detach(), gates.forget.detach() + m.detach());
}

void expect_fit(const MlstmState& state, const MlstmInput& input) {
  const auto batch = state.n.size(0), heads = state.n.size(1), width = state.n.size(2);
  expect_shape("mLSTM memory", state.C, {batch, heads, width, width});
  expect_shape("mLSTM stabiliser", state.m, {batch, heads});
  expect_shape("mLSTM key", input.k, {batch, heads, width});
  expect_shape("mLSTM value", input.v, {batch, heads, width});
  expect_shape("mLSTM input gate", input.i, {batch, heads});
  expect_shape("mLSTM forget gate", input.f, {batch, heads});
}

}  // namespace

LogGates log_gates(const Tensor& input_gate, const Tensor& forget_gate, const Tensor& step_ratio) {
  const auto log_f = torch::log_sigmoid(forget_gate);
  if (!step_ratio.defined()) return {.input = input_gate, .forget = log_f};
  const auto closed = step_ratio == 0;
  const auto drive = input_gate + log_drive_factor(-log_f, step_ratio.masked_fill(closed, 1));
  return {.input = drive.masked_fill(closed, -std::numeric_limits<double>::infinity()),
          .forget = log_f * step_ratio};
}

SlstmState empty_slstm_state(std::int64_t batch,
                             std::int64_t hidden,
                             const torch::TensorOptions& options) {
  const auto zero = torch::zeros({batch, hidden}, options);
  return {.c = zero, .n = zero, .m = torch::full_like(zero, kEmptyStabiliser), .y = zero};
}

SlstmState slstm_step(const SlstmState& state,
                      const Tensor& drive,
                      const Tensor& recurrent,
                      const Tensor& step_ratio) {
  expect_shape("sLSTM memory", state.c, {kAny, kAny});
  const auto batch = state.c.size(0), hidden = state.c.size(1);
  for (const Tensor* part : {&state.n, &state.m, &state.y}) {
    expect_shape("sLSTM state", *part, {batch, hidden});
  }
  expect_shape("sLSTM drive", drive, {batch, 4 * hidden});
  expect_shape("sLSTM recurrent weight", recurrent, {4 * hidden, hidden});

  const auto a = torch::addmm(drive, state.y, recurrent.t()).chunk(4, 1);      // i~, f~, z~, o~
  const LogGates gates = log_gates(a[0], a[1], per_row(step_ratio, batch));    // (12), (13)
  const auto m = stabiliser(gates, state.m);                                   // (15)
  const auto i = torch::exp(gates.input - m);                                  // (16)
  const auto f = torch::exp(gates.forget + state.m.detach() - m);              // (17)
  const auto c = f * state.c + i * torch::tanh(a[2]);                          // (8), (11)
  const auto n = f * state.n + i;                                              // (9)
  const auto o = torch::sigmoid(a[3]);                                         // (14)
  if (!step_ratio.defined()) return {.c = c, .n = n, .m = m, .y = o * c / n};  // (10)
  const auto closed = step_ratio.unsqueeze(1) == 0;                            // there n can be 0
  return {
      .c = c, .n = n, .m = m, .y = torch::where(closed, state.y, o * c / n.masked_fill(closed, 1))};
}

MlstmState empty_mlstm_state(std::int64_t batch,
                             std::int64_t heads,
                             std::int64_t width,
                             const torch::TensorOptions& options) {
  return {.C = torch::zeros({batch, heads, width, width}, options),
          .n = torch::zeros({batch, heads, width}, options),
          .m = torch::zeros({batch, heads}, options)};
}

Tensor scaled_key(const Tensor& key) {
  return key / std::sqrt(static_cast<double>(key.size(-1)));  // (23)
}

MlstmState mlstm_update(const MlstmState& state,
                        const MlstmInput& input,
                        const Tensor& step_ratio) {
  expect_shape("mLSTM normaliser", state.n, {kAny, kAny, kAny});
  expect_fit(state, input);
  const LogGates gates =
      log_gates(input.i, input.f, per_row(step_ratio, state.n.size(0)));         // (25), (26)
  const auto m = stabiliser(gates, state.m);                                     // (15)
  const auto i = torch::exp(gates.input - m).unsqueeze(-1);                      // (16) [B, N, 1]
  const auto f = torch::exp(gates.forget + state.m.detach() - m).unsqueeze(-1);  // (17) [B, N, 1]

  const auto ik = i * input.k;
  const auto v_kT = input.v.unsqueeze(-1) * ik.unsqueeze(-2);  // times i  [B, N, D, D]
  return {.C = f.unsqueeze(-1) * state.C + v_kT,               // (19)
          .n = f * state.n + ik,                               // (20)
          .m = m};
}

Tensor mlstm_readout(const MlstmState& state, const Tensor& q, double eps) {
  expect_shape("mLSTM query", q, state.n.sizes());
  const auto numerator = torch::matmul(state.C, q.unsqueeze(-1)).squeeze(-1);
  const auto n_dot_q = (state.n * q).sum(-1);  // [B, N]
  const auto denominator = torch::maximum(n_dot_q.abs(), torch::exp(-state.m.detach())) + eps;
  return numerator / denominator.unsqueeze(-1);  // (21)
}

MlstmInput low_rank_input(const MlstmInput& input, const Tensor& left, const Tensor& right) {
  const auto heads = input.q.size(-2), width = input.q.size(-1);
  expect_shape("low-rank left factor", left, {heads, width, kAny});
  expect_shape("low-rank right factor", right, {heads, width, left.size(2)});
  const auto project = [](const Tensor& x, const Tensor& factor) {
    return torch::matmul(x.unsqueeze(-2), factor).squeeze(-2);  // factor^T x  [..., N, R]
  };
  return {.q = project(input.q, right),
          .k = project(input.k, right),
          .v = project(input.v, left),
          .i = input.i,
          .f = input.f};
}

Tensor low_rank_output(const Tensor& h, const Tensor& left) {
  expect_shape("low-rank left factor", left, {h.size(-2), kAny, h.size(-1)});
  return torch::matmul(left, h.unsqueeze(-1)).squeeze(-1);
}

}  // namespace psi_xlstm::equations
