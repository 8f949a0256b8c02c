#include "training/selection.hpp"

#include <cmath>

namespace psi_xlstm::training {

void Selection::offer(const std::vector<float>& parameters,
                      double loss,
                      int done,
                      TrainingState& state) const {
  if (!counts(done) || !std::isfinite(loss)) return;
  if (!state.best_parameters.empty() && loss >= state.best_validation) return;
  state.best_parameters = parameters;
  state.best_validation = loss;
  state.best_step = done;
}

}  // namespace psi_xlstm::training
