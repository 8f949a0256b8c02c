#include "model/predict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/number_text.hpp"
#include "fit/evaluation.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

double start_of(const ir::Network& network,
                const hdl::EmissionPlan& plan,
                std::optional<double> g0,
                const Record& record,
                std::vector<std::string>& warnings) {
  if (g0) return *g0;
  if (record.initial_conductance) return *record.initial_conductance;
  const bool tied = network.state_count() > 0 && network.start == ir::Start::kTied;
  if (network.role && network.port_count() == 1 && !record.current[0].empty()) {
    Dataset dataset;
    dataset.records = {record};
    return fit::predict(network, dataset, {0}, {}, true).front().start.value;
  }
  if (tied) {
    warnings.push_back(fmt::format("record {}: no initial conductance is given, assumed {}",
                                   record.id, engineering(plan.default_conductance, "S")));
  }
  return plan.default_conductance;
}

}  // namespace

std::vector<std::string> predict_in_place(const ir::Network& network,
                                          std::optional<double> g0,
                                          Record& record) {
  if (record.voltage.size() != network.ports.size()) {
    throw DataError(fmt::format("record {}: expected the {} ports of model {}, found {}", record.id,
                                network.port_count(), network.name, record.voltage.size()));
  }
  std::vector<std::string> warnings;
  const hdl::EmissionPlan plan = hdl::plan_emission(network);
  const double start = start_of(network, plan, g0, record, warnings);
  const bool tied = network.state_count() > 0 && network.start == ir::Start::kTied;
  if (tied && (start < plan.conductance_low || start > plan.conductance_high)) {
    warnings.push_back(
        fmt::format("record {}: the initial conductance {} is outside the range {} to {} that the "
                    "model can hold",
                    record.id, engineering(start, "S"), engineering(plan.conductance_low, "S"),
                    engineering(plan.conductance_high, "S")));
  }
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const std::vector<double>& voltage : record.voltage) {
    const auto [least, most] = std::minmax_element(voltage.begin(), voltage.end());
    low = std::min(low, *least);
    high = std::max(high, *most);
  }
  const ir::TrainingBox& box = network.box;
  const double slack = 1e-9 * (box.voltage_max[0] - box.voltage_min[0]);
  if (low < box.voltage_min[0] - slack || high > box.voltage_max[0] + slack) {
    warnings.push_back(
        fmt::format("record {}: the voltage runs from {} to {}, the model was trained on {} to {}: "
                    "it extrapolates",
                    record.id, engineering(low, "V"), engineering(high, "V"),
                    engineering(box.voltage_min[0], "V"), engineering(box.voltage_max[0], "V")));
  }
  record.current =
      ir::simulate(network, record.time, record.voltage, ir::initial_state(network, start))
          .currents;
  record.clean_current.clear();
  record.initial_conductance.reset();
  return warnings;
}

}  // namespace psi_xlstm
