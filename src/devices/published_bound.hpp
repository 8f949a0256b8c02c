#pragma once

/// @file
/// The best that can be computed from (V, t) alone where the start of the published device is
/// hidden.

#include <vector>

namespace psi_xlstm {

/// The mean over all starts of the current of the published device under `voltage` [V], [N],
/// sampled as the recipe does:
///
///     E[I(t) | V] = mean over w0 ~ U(w_min, w_max) of published_current(voltage, g(w0))
///
/// by the midpoints of `starts` equal parts of that range: [A], [N]. No predictor that is given
/// neither the start nor a current has a smaller expected squared error (it is Bayes-optimal).
/// Throws DataError unless there is a voltage and `starts` is positive.
std::vector<double> published_mean_current(const std::vector<double>& voltage, int starts = 400);

}  // namespace psi_xlstm
