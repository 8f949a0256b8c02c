#include "circuit/equations.hpp"

#include <fmt/format.h>

#include <Eigen/SparseLU>
#include <algorithm>
#include <cmath>
#include <limits>

#include "ir/dynamics.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {

CircuitEquations::CircuitEquations(const Circuit& circuit,
                                   const ir::Network& network,
                                   double default_conductance)
    : circuit_(circuit), network_(network) {
  ir::require_one_conductance(network, "circuit");
  for (const std::string& node : circuit.nodes) {
    numbers_[node] = static_cast<int>(kinds_.size());
    kinds_.push_back(UnknownKind::kVoltage);
  }
  for (const CircuitElement& e : circuit.elements) {
    element_ends_.push_back({unknown_of(e.plus), unknown_of(e.minus)});
    const bool inductor = e.kind == ElementKind::kInductor;
    const bool branch = inductor || e.kind == ElementKind::kVoltageSource ||
                        e.kind == ElementKind::kControlledVoltage;
    branches_.push_back(branch ? static_cast<int>(kinds_.size()) : -1);
    if (branch) {
      kinds_.push_back(inductor ? UnknownKind::kInductorCurrent : UnknownKind::kBranchCurrent);
    }
    controls_.emplace_back();
    if (!e.expression) continue;
    for (const CircuitExpression::Voltage& v : e.expression->voltages()) {
      controls_.back().push_back({unknown_of(v.plus), unknown_of(v.minus)});
    }
  }
  first_state_ = static_cast<int>(kinds_.size());
  for (const CircuitDevice& d : circuit.devices) {
    device_ends_.push_back({unknown_of(d.plus), unknown_of(d.minus)});
    const double g0 = d.conductance.value_or(default_conductance);
    starts_.push_back(ir::initial_state(network, g0));
    if (network.start == ir::Start::kNode) {
      models_.push_back(std::make_unique<DeviceModel>(ir::at_start(network, g0)));
    }
    kinds_.resize(kinds_.size() + static_cast<std::size_t>(network.state_count()),
                  UnknownKind::kState);
  }
  if (models_.empty()) models_.push_back(std::make_unique<DeviceModel>(network));
  state_slopes_.resize(static_cast<std::size_t>(network.state_count()));
}

int CircuitEquations::unknown_of(const std::string& node) const {
  if (node == "0" || node == "gnd") return -1;
  const auto found = numbers_.find(node);
  if (found != numbers_.end()) return found->second;
  throw SpiceError(
      fmt::format("circuit {}: expected an element at node {}, got none", circuit_.name, node));
}

std::vector<double> CircuitEquations::breakpoints(double stop) const {
  std::vector<double> times;
  for (const CircuitElement& e : circuit_.elements) {
    const std::vector<double> own = e.wave.breakpoints(stop);
    times.insert(times.end(), own.begin(), own.end());
  }
  std::sort(times.begin(), times.end());
  // Sources that mean the same time differ in the last digits.
  const auto same = [stop](double a, double b) { return b - a < 1e-13 * stop; };
  times.erase(std::unique(times.begin(), times.end(), same), times.end());
  return times;
}

// --- F
// ---------------------------------------------------------------------------------------------

void CircuitEquations::leave(double* f, Ends ends, double current) {
  if (ends.plus >= 0) f[ends.plus] += current;
  if (ends.minus >= 0) f[ends.minus] -= current;
}

double CircuitEquations::expression(std::size_t element, const double* y) {
  const std::vector<Ends>& controls = controls_[element];
  control_voltages_.resize(controls.size());
  control_slopes_.resize(controls.size());
  for (std::size_t i = 0; i < controls.size(); ++i) control_voltages_[i] = across(y, controls[i]);
  return circuit_.elements[element].expression->evaluate(control_voltages_, control_slopes_);
}

void CircuitEquations::element_residual(
    std::size_t element, double time, const double* y, const double* slope, double* f) {
  const CircuitElement& e = circuit_.elements[element];
  const Ends ends = element_ends_[element];
  const int branch = branches_[element];
  if (branch >= 0) leave(f, ends, y[branch]);
  switch (e.kind) {
    case ElementKind::kResistor:
      return leave(f, ends, across(y, ends) / e.value);
    case ElementKind::kCapacitor:
      return leave(f, ends, e.value * across(slope, ends));
    case ElementKind::kCurrentSource:
      return leave(f, ends, e.wave.value(time));
    case ElementKind::kControlledCurrent:
      return leave(f, ends, expression(element, y));
    case ElementKind::kInductor:
      f[branch] = across(y, ends) - e.value * slope[branch];
      return;
    case ElementKind::kVoltageSource:
      f[branch] = across(y, ends) - e.wave.value(time);
      return;
    case ElementKind::kControlledVoltage:
      f[branch] = across(y, ends) - expression(element, y);
      return;
  }
}

void CircuitEquations::device_residual(
    std::size_t device, const double* y, const double* slope, bool held, double* f) {
  leave(f, device_ends_[device], device_current(device, y));
  const int first = first_state(device), states = states_per_device();
  if (states == 0) return;
  const double voltage = across(y, device_ends_[device]);
  if (!held) {
    DeviceModel& model = model_of(device);
    ir::state_derivative(model.evaluator, model.network, {&voltage, 1}, states_of(device, y),
                         state_slopes_);
  }
  for (int s = 0; s < states; ++s) {
    const auto i = static_cast<std::size_t>(s);
    f[first + s] = held ? y[first + s] - starts_[device][i] : slope[first + s] - state_slopes_[i];
  }
}

void CircuitEquations::residual(
    double time, const double* y, const double* slope, bool held, double* f) {
  std::fill(f, f + size(), 0.0);
  for (std::size_t e = 0; e < circuit_.elements.size(); ++e) element_residual(e, time, y, slope, f);
  for (std::size_t d = 0; d < circuit_.devices.size(); ++d) device_residual(d, y, slope, held, f);
}

double CircuitEquations::device_current(std::size_t device, const double* y) {
  const double voltage = across(y, device_ends_[device]);
  ir::Evaluator& evaluator = model_of(device).evaluator;
  evaluator.evaluate(ir::Part::kOutput, {&voltage, 1}, states_of(device, y));
  return circuit_.devices[device].area * evaluator.value(network_.current_node);
}

double CircuitEquations::device_conductance(std::size_t device, const double* y) {
  const double zero = 0;
  ir::Evaluator& evaluator = model_of(device).evaluator;
  evaluator.evaluate(ir::Part::kOutput, {&zero, 1}, states_of(device, y));
  return evaluator.value(network_.conductance().node);
}

// --- dF/dy + factor dF/dy'
// -------------------------------------------------------------------------

void CircuitEquations::add(int row, int column, double value) {
  if (row >= 0 && column >= 0) triplets_.emplace_back(row, column, value);
}

void CircuitEquations::add_across(int row, Ends ends, double value) {
  add(row, ends.plus, value);
  add(row, ends.minus, -value);
}

void CircuitEquations::add_current(Ends rows, Ends columns, double value) {
  add_across(rows.plus, columns, value);
  add_across(rows.minus, columns, -value);
}

void CircuitEquations::element_jacobian(std::size_t element, double factor, const double* y) {
  const CircuitElement& e = circuit_.elements[element];
  const Ends ends = element_ends_[element];
  const int branch = branches_[element];
  if (branch >= 0) {
    add(ends.plus, branch, 1);
    add(ends.minus, branch, -1);
    add_across(branch, ends, 1);
  }
  if (e.kind == ElementKind::kResistor) add_current(ends, ends, 1 / e.value);
  if (e.kind == ElementKind::kCapacitor) add_current(ends, ends, factor * e.value);
  if (e.kind == ElementKind::kInductor) add(branch, branch, -factor * e.value);
  if (!e.expression) return;
  expression(element, y);
  for (std::size_t i = 0; i < controls_[element].size(); ++i) {
    if (branch >= 0) {
      add_across(branch, controls_[element][i], -control_slopes_[i]);
    } else {
      add_current(ends, controls_[element][i], control_slopes_[i]);
    }
  }
}

void CircuitEquations::device_state_row(
    std::size_t device, int state, const double* y, double factor, bool held) {
  const int first = first_state(device), row = first + state;
  const auto k = network_.rate_of_state[static_cast<std::size_t>(state)];
  const ir::SparseJacobian& derivatives = model_of(device).derivatives;
  const double rate = derivatives.value(network_.rate_node, k);
  const double gap = derivatives.value(network_.target_node, state) - y[row];
  const auto slope = [&](int input) {
    return held ? 0
                : derivatives.derivative(network_.rate_node, k, input) * gap +
                      rate * derivatives.derivative(network_.target_node, state, input);
  };
  add_across(row, device_ends_[device], -slope(0));
  for (int j = 0; j < states_per_device(); ++j) {
    const double own = j != state ? 0 : held ? 1 : factor + rate;
    add(row, first + j, own - slope(1 + j));
  }
}

void CircuitEquations::device_jacobian(std::size_t device,
                                       const double* y,
                                       double factor,
                                       bool held) {
  const Ends ends = device_ends_[device];
  const double voltage = across(y, ends), area = circuit_.devices[device].area;
  const int first = first_state(device);
  ir::SparseJacobian& derivatives = model_of(device).derivatives;
  derivatives.evaluate({&voltage, 1}, states_of(device, y));
  add_current(ends, ends, area * derivatives.derivative(network_.current_node, 0, 0));
  for (int s = 0; s < states_per_device(); ++s) {
    const double gain = area * derivatives.derivative(network_.current_node, 0, 1 + s);
    add(ends.plus, first + s, gain);
    add(ends.minus, first + s, -gain);
  }
  for (int s = 0; s < states_per_device(); ++s) device_state_row(device, s, y, factor, held);
}

const Eigen::SparseMatrix<double>& CircuitEquations::jacobian(double time,
                                                              const double* y,
                                                              double factor,
                                                              bool held) {
  (void)time;
  triplets_.clear();
  for (std::size_t e = 0; e < circuit_.elements.size(); ++e) element_jacobian(e, factor, y);
  for (std::size_t d = 0; d < circuit_.devices.size(); ++d) device_jacobian(d, y, factor, held);
  if (slots_.empty()) {
    matrix_.resize(size(), size());
    matrix_.setFromTriplets(triplets_.begin(), triplets_.end());
    matrix_.makeCompressed();
    for (const auto& t : triplets_) {
      const int* const begin = matrix_.innerIndexPtr() + matrix_.outerIndexPtr()[t.col()];
      const int* const end = matrix_.innerIndexPtr() + matrix_.outerIndexPtr()[t.col() + 1];
      slots_.push_back(
          static_cast<int>(std::lower_bound(begin, end, t.row()) - matrix_.innerIndexPtr()));
    }
  }
  double* const values = matrix_.valuePtr();
  std::fill(values, values + matrix_.nonZeros(), 0.0);
  for (std::size_t i = 0; i < triplets_.size(); ++i) values[slots_[i]] += triplets_[i].value();
  return matrix_;
}

// --- Newton's method
// ---------------------------------------------------------------------------------

std::string solve_step(CircuitEquations& equations,
                       double time,
                       double step,
                       const std::vector<double>& before,
                       bool held,
                       std::vector<double>& y) {
  constexpr int kMostIterations = 200;
  constexpr double kLargestUpdate = 2;  // of a voltage, in one iteration [V]
  const double factor = std::isinf(step) ? 0 : 1 / step;
  const auto size = static_cast<std::size_t>(equations.size());
  std::vector<double> slope(size, 0.0);
  Eigen::VectorXd f(equations.size());
  Eigen::SparseLU<Eigen::SparseMatrix<double>> solver;
  double smallest = std::numeric_limits<double>::infinity();
  int without_progress = 0;
  for (int i = 0; i < kMostIterations; ++i) {
    for (std::size_t k = 0; k < size && factor > 0; ++k) slope[k] = (y[k] - before[k]) * factor;
    equations.residual(time, y.data(), slope.data(), held, f.data());
    const Eigen::SparseMatrix<double>& matrix = equations.jacobian(time, y.data(), factor, held);
    if (i == 0) solver.analyzePattern(matrix);
    solver.factorize(matrix);
    if (solver.info() != Eigen::Success) return "its equations have no unique solution";
    const Eigen::VectorXd update = solver.solve(f);
    if (!update.allFinite()) return "its equations have no finite solution";
    double largest = 0, relative = 0;
    for (std::size_t k = 0; k < size; ++k) {
      const double u = std::abs(update[static_cast<Eigen::Index>(k)]);
      if (equations.kinds()[k] == UnknownKind::kVoltage) largest = std::max(largest, u);
      relative = std::max(relative, u / (std::abs(y[k]) + 1e-3));
    }
    const double damping = std::min(1.0, kLargestUpdate / std::max(largest, 1e-300));
    for (std::size_t k = 0; k < size; ++k) y[k] -= damping * update[static_cast<Eigen::Index>(k)];
    // The last digits: until rounding keeps the update from falling.
    without_progress = relative < 0.5 * smallest ? 0 : without_progress + 1;
    smallest = std::min(smallest, relative);
    if (relative < 1e-15 || (smallest < 1e-10 && without_progress >= 2)) return "";
  }
  return "Newton's method does not converge";
}

}  // namespace psi_xlstm
