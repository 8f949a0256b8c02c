#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

#include "core/number_text.hpp"
#include "cosimulation/cosimulation.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "ir/jacobian.hpp"
#include "simulators/simulator.hpp"

namespace psi_xlstm {
namespace {

// The device alone at a voltage.
TestCircuit circuit(double voltage, double conductance, bool hold) {
  return {.stimulus = {{ConstantTerm{voltage}}},
          .device = {.conductance = conductance, .hold = hold, .max_step = {}}};
}

double largest_voltage(const ir::Network& network) {
  return std::max(std::abs(network.box.voltage_min[0]), std::abs(network.box.voltage_max[0]));
}

// The largest relative error of one check; infinite as soon as one is no number.
class LargestRelativeError {
 public:
  void add(double error) {
    if (!(error <= value_)) value_ = std::isnan(error) ? kInfinity : error;
    empty_ = false;
  }
  bool empty() const { return empty_; }
  double value() const { return value_; }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double value_ = 0;
  bool empty_ = true;
};

CosimRow make_row(const ir::Network& network,
                  const Simulator& simulator,
                  const EmittedModel& model,
                  const std::string& name,
                  double limit) {
  return {.model = network.name,
          .simulator = simulator.name(),
          .path = model.path(),
          .stimulus = name,
          .limit = limit};
}

// An analysis that gave nothing failed; one that ran out of time is not verified.
template <class Result>
bool take_failure(const Result& run, CosimRow& row) {
  if (run.usable()) return false;
  if (run.out_of_time) {
    row.not_verified = run.reason;
  } else {
    row.passed = false;
  }
  return true;
}

void judge(const LargestRelativeError& error, CosimRow& row) {
  if (error.empty()) {
    row.not_verified = row.simulator + " gave no point";
    return;
  }
  row.passed = error.value() <= *row.limit;
  if (std::isfinite(error.value())) row.max_abs_err_over_fs = error.value();
}

constexpr double kResolved = 1e-18;  // Currents are not told further [A].

// A static solution to the last digits: the curve I(V) at a fixed state is not linear, and a model
// may have unknowns of its own.
StaticSettings to_the_last_digits(const CosimConfig& config) {
  return {.relative_tolerance = 1e-12,
          .voltage_tolerance = 1e-12,
          .current_tolerance = kResolved,
          .time_limit_s = config.time_limit_s};
}

// Current of the held device [A].
double held_current(const ir::Network& network, double conductance, double voltage) {
  ir::Evaluator evaluator(network);
  const std::vector<double> c = ir::initial_state(network, conductance);
  evaluator.evaluate(ir::Part::kOutput, {&voltage, 1}, c);
  return evaluator.value(network.current_node);
}

CosimRow check_operating_point(const ir::Network& network,
                               const EmittedModel& model,
                               const CosimConfig& config,
                               double conductance,
                               const Simulator& simulator) {
  const double v = 0.8 * largest_voltage(network);
  const DevicePoint run = simulator.operating_point(model, circuit(v, conductance, true), 0,
                                                    to_the_last_digits(config));
  CosimRow row = make_row(network, simulator, model, "operating point, held", config.limit_static);
  if (take_failure(run, row)) return row;
  const double expected = held_current(network, conductance, v);
  LargestRelativeError error;
  error.add(std::abs(run.current - expected) / std::abs(expected));
  judge(error, row);
  return row;
}

// Every point relative to its own current; the points at 0 V to the current of the first step.
CosimRow check_dc_sweep(const ir::Network& network,
                        const EmittedModel& model,
                        const CosimConfig& config,
                        double conductance,
                        const Simulator& simulator) {
  constexpr int kSteps = 120;
  const double v = 3 * largest_voltage(network);
  const DeviceCurve run =
      simulator.dc_sweep(model, circuit(0, conductance, true),
                         {.start = -v, .stop = v, .steps = kSteps}, to_the_last_digits(config));
  CosimRow row = make_row(network, simulator, model, "dc sweep to 3 x training voltage, held",
                          config.limit_static);
  if (take_failure(run, row)) return row;
  LargestRelativeError error;
  const double least = std::abs(held_current(network, conductance, 2 * v / kSteps));
  for (std::size_t k = 0; k < run.voltage.size(); ++k) {
    const double expected = held_current(network, conductance, run.voltage[k]);
    error.add(
        relative_difference(expected, run.current[k], {.least = least, .resolved = kResolved}));
  }
  judge(error, row);
  if (run.voltage.size() < kSteps) row.passed = false;
  // What passes may be nothing against nothing; what fails has failed.
  if (row.passed.value_or(false) && std::abs(held_current(network, conductance, v)) < kResolved) {
    row.passed.reset();
    row.not_verified = "the simulator does not tell currents as small as these";
  }
  return row;
}

// Y(jw) at the bias `voltage` and the states `c`.
std::complex<double> admittance(const ir::Network& network,
                                double voltage,
                                const std::vector<double>& c,
                                double frequency) {
  const int states = network.state_count(), ports = network.port_count();
  ir::SparseJacobian jacobian(network);
  jacobian.evaluate({&voltage, 1}, c);
  Eigen::MatrixXd a(states, states);
  Eigen::VectorXd b(states), gain(states);
  for (int s = 0; s < states; ++s) {
    const int k = network.rate_of_state[static_cast<std::size_t>(s)];
    const double rate = jacobian.value(network.rate_node, k);
    const double gap = jacobian.value(network.target_node, s) - c[static_cast<std::size_t>(s)];
    const auto slope = [&](int input) {
      return jacobian.derivative(network.rate_node, k, input) * gap +
             rate * jacobian.derivative(network.target_node, s, input);
    };
    b[s] = slope(0);
    for (int j = 0; j < states; ++j) a(s, j) = slope(ports + j) - (s == j ? rate : 0);
    gain[s] = jacobian.derivative(network.current_node, 0, ports + s);
  }
  const std::complex<double> jw(0, 2 * std::numbers::pi * frequency);
  const Eigen::MatrixXcd matrix =
      jw * Eigen::MatrixXcd::Identity(states, states) - a.cast<std::complex<double>>();
  const Eigen::VectorXcd response = matrix.partialPivLu().solve(b.cast<std::complex<double>>());
  const double direct = jacobian.derivative(network.current_node, 0, 0);
  return direct + (gain.cast<std::complex<double>>().transpose() * response)(0);
}

// With hold = 0 the simulator finds the equilibrium by itself; the closed form is taken at the
// states it found, which must be an equilibrium.
CosimRow check_ac(const ir::Network& network,
                  const EmittedModel& model,
                  const CosimConfig& config,
                  double conductance,
                  double voltage,
                  const Simulator& simulator) {
  const hdl::EmissionPlan plan = hdl::plan_emission(network);
  const StaticSettings settings{
      .relative_tolerance = 1e-7, .voltage_tolerance = 1e-9, .time_limit_s = config.time_limit_s};
  const TestCircuit biased = circuit(voltage, conductance, false);
  const DevicePoint point =
      simulator.operating_point(model, biased, network.state_count(), settings);
  const DeviceResponse run =
      simulator.ac(model, biased, {.start = 1, .stop = 1e7, .points_per_decade = 3}, settings);
  CosimRow row =
      make_row(network, simulator, model,
               fmt::format("ac at {}, equilibrium", engineering(voltage, "V")), config.limit_ac);
  if (take_failure(point, row) || take_failure(run, row)) return row;
  std::vector<double> c = ir::initial_state(network, conductance);
  for (std::size_t s = 0; s < c.size(); ++s) {
    c[s] += point.states[s] / plan.kappa[s];
  }
  LargestRelativeError error;
  for (std::size_t k = 0; k < run.frequency.size(); ++k) {
    const std::complex<double> expected = admittance(network, voltage, c, run.frequency[k]);
    error.add(std::abs(run.admittance[k] - expected) / std::abs(expected));
  }
  judge(error, row);
  return row;
}

}  // namespace

std::vector<CosimRow> static_checks(const ir::Network& network,
                                    const EmittedModel& model,
                                    const CosimConfig& config,
                                    double conductance,
                                    const Simulator& simulator) {
  std::vector<CosimRow> rows = {
      check_operating_point(network, model, config, conductance, simulator),
      check_dc_sweep(network, model, config, conductance, simulator)};
  const double v = largest_voltage(network);
  for (double bias : {0.0, 0.7 * v, -v}) {
    rows.push_back(check_ac(network, model, config, conductance, bias, simulator));
  }
  return rows;
}

}  // namespace psi_xlstm
