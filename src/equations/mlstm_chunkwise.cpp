#include "equations/mlstm_chunkwise.hpp"

#include <fmt/format.h>

#include <limits>
#include <vector>

#include "equations/shape_check.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::equations {
namespace {

using torch::Tensor;

// The steps of one chunk: q, k, v [B, N, L, D], ln i and ln f [B, N, L].
struct Chunk {
  Tensor q, k, v, log_i, log_f;
};

void expect_fit(const MlstmInput& input, const MlstmState& state, std::int64_t chunk_length) {
  expect_shape("mLSTM query", input.q, {kAny, kAny, kAny, kAny});
  const auto batch = input.q.size(0), heads = input.q.size(1), steps = input.q.size(2);
  const auto width = input.q.size(3);
  expect_shape("mLSTM key", input.k, input.q.sizes());
  expect_shape("mLSTM value", input.v, input.q.sizes());
  expect_shape("mLSTM input gate", input.i, {batch, heads, steps});
  expect_shape("mLSTM forget gate", input.f, {batch, heads, steps});
  expect_shape("mLSTM memory", state.C, {batch, heads, width, width});
  expect_shape("mLSTM normaliser", state.n, {batch, heads, width});
  expect_shape("mLSTM stabiliser", state.m, {batch, heads});
  if (steps >= 1 && chunk_length >= 1) return;
  throw ShapeError(fmt::format(
      "mLSTM sequence: expected at least one step and chunks of at least one, found {} and {}",
      steps, chunk_length));
}

// h of the chunk [B, N, L, D]; `state` goes from its start to its end.
Tensor run_chunk(const Chunk& chunk, MlstmState& state, double eps) {
  const double kMinusInfinity = -std::numeric_limits<double>::infinity();
  const auto length = chunk.q.size(2);
  const auto b = chunk.log_f.cumsum(-1);
  const auto future = torch::ones({length, length}, chunk.q.options().dtype(torch::kBool)).triu(1);
  const auto log_d = (b.unsqueeze(-1) + (chunk.log_i - b).unsqueeze(-2))
                         .masked_fill(future, kMinusInfinity);  // [B, N, L, L]
  const auto log_w = b + state.m.detach().unsqueeze(-1);        // [B, N, L]
  const auto m = torch::maximum(log_d.detach().amax(-1), log_w.detach());

  const auto d = torch::exp(log_d - m.unsqueeze(-1));
  const auto s = torch::matmul(chunk.q, chunk.k.transpose(-1, -2)) * d;
  const auto w = torch::exp(log_w - m).unsqueeze(-1);  // [B, N, L, 1]
  const auto numerator =
      w * torch::matmul(chunk.q, state.C.transpose(-1, -2)) + torch::matmul(s, chunk.v);
  const auto n_dot_q = (w * torch::matmul(chunk.q, state.n.unsqueeze(-1))).squeeze(-1) + s.sum(-1);
  const auto denominator = torch::maximum(n_dot_q.abs(), torch::exp(-m)) + eps;

  const auto last_w = w.select(2, length - 1);                      // [B, N, 1]
  const auto ik = d.select(2, length - 1).unsqueeze(-1) * chunk.k;  // [B, N, L, D]
  state = {.C = last_w.unsqueeze(-1) * state.C + torch::matmul(chunk.v.transpose(-1, -2), ik),
           .n = last_w * state.n + ik.sum(2),
           .m = m.select(2, length - 1)};
  return numerator / denominator.unsqueeze(-1);
}

}  // namespace

MlstmSequence mlstm_chunkwise(const MlstmInput& input,
                              const MlstmState& state,
                              std::int64_t chunk_length,
                              const Tensor& step_ratio,
                              double eps) {
  expect_fit(input, state, chunk_length);
  Tensor ratio;
  if (step_ratio.defined()) {
    expect_shape("step ratio", step_ratio, {input.q.size(0), input.q.size(2)});
    ratio = step_ratio.unsqueeze(1);
  }
  const LogGates gates = log_gates(input.i, input.f, ratio);
  const auto cut = [&](const Tensor& x) { return x.split(chunk_length, 2); };
  const auto q = cut(input.q), k = cut(input.k), v = cut(input.v);
  const auto log_i = cut(gates.input), log_f = cut(gates.forget);
  MlstmSequence run{.h = {}, .state = state};
  std::vector<Tensor> h;
  for (std::size_t c = 0; c < q.size(); ++c) {
    h.push_back(run_chunk({q[c], k[c], v[c], log_i[c], log_f[c]}, run.state, eps));
  }
  run.h = torch::cat(h, 2);
  return run;
}

}  // namespace psi_xlstm::equations
