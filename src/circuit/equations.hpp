#pragma once

/// @file
/// The equations of a circuit, F(t, y, y') = 0, and their derivatives.
///
/// y: the voltages of Circuit::nodes, the currents of the branches (voltage sources, controlled
/// voltages, inductors) in the order of the elements, the states of the devices.

#include <Eigen/SparseCore>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "circuit/circuit.hpp"
#include "ir/evaluator.hpp"
#include "ir/jacobian.hpp"

namespace psi_xlstm {

/// What one unknown is.
enum class UnknownKind { kVoltage, kBranchCurrent, kInductorCurrent, kState };

/// Not thread-safe; keeps references to `circuit` and `network`.
class CircuitEquations {
 public:
  /// Throws ShapeError where `network` is not one conductance.
  CircuitEquations(const Circuit& circuit, const ir::Network& network, double default_conductance);

  int size() const { return static_cast<int>(kinds_.size()); }
  const std::vector<UnknownKind>& kinds() const { return kinds_; }
  int states_per_device() const { return network_.state_count(); }
  int first_state(std::size_t device) const {
    return first_state_ + static_cast<int>(device) * states_per_device();
  }

  std::span<const double> states_of(std::size_t device, const double* y) const {
    return {y + first_state(device), static_cast<std::size_t>(states_per_device())};
  }

  /// F [size]. While `held`, the state rows are c - c(0).
  void residual(double time, const double* y, const double* slope, bool held, double* f);
  /// dF/dy + factor dF/dy' in compressed columns; the same pattern every time.
  const Eigen::SparseMatrix<double>& jacobian(double time,
                                              const double* y,
                                              double factor,
                                              bool held);

  /// The current of device `device` [A] and its conductance at 0 V [S].
  double device_current(std::size_t device, const double* y);
  double device_conductance(std::size_t device, const double* y);
  /// The number of the branch current of element `element`; -1: it has none.
  int branch_of(std::size_t element) const { return branches_[element]; }
  /// The times in (0, stop) where a source or its slope jumps, sorted.
  std::vector<double> breakpoints(double stop) const;

 private:
  struct Ends {
    int plus = -1, minus = -1;  ///< Unknowns; -1: ground.
  };
  int unknown_of(const std::string& node) const;
  static double at(const double* y, int unknown) { return unknown < 0 ? 0 : y[unknown]; }
  static double across(const double* y, Ends ends) { return at(y, ends.plus) - at(y, ends.minus); }
  static void leave(double* f, Ends ends, double current);
  void add(int row, int column, double value);
  void add_across(int row, Ends ends, double value);
  void add_current(Ends rows, Ends columns, double value);
  double expression(std::size_t element, const double* y);
  void element_residual(
      std::size_t element, double time, const double* y, const double* slope, double* f);
  void element_jacobian(std::size_t element, double factor, const double* y);
  void device_residual(
      std::size_t device, const double* y, const double* slope, bool held, double* f);
  void device_jacobian(std::size_t device, const double* y, double factor, bool held);
  void device_state_row(std::size_t device, int state, const double* y, double factor, bool held);

  /// What a device computes with: the network, at its own start where it sees that.
  struct DeviceModel {
    explicit DeviceModel(ir::Network at_start)
        : network(std::move(at_start)), evaluator(network), derivatives(network) {}
    ir::Network network;
    ir::Evaluator evaluator;
    ir::SparseJacobian derivatives;
  };
  DeviceModel& model_of(std::size_t device) { return *models_[models_.size() == 1 ? 0 : device]; }

  const Circuit& circuit_;
  const ir::Network& network_;
  std::vector<std::unique_ptr<DeviceModel>> models_;  ///< One of each device, or of all.
  std::map<std::string, int> numbers_;
  std::vector<UnknownKind> kinds_;
  std::vector<Ends> element_ends_, device_ends_;
  std::vector<std::vector<Ends>> controls_;  ///< Of the expression of every element.
  std::vector<int> branches_;
  int first_state_ = 0;
  std::vector<std::vector<double>> starts_;  ///< c(0) of every device.
  std::vector<double> control_voltages_, control_slopes_, state_slopes_;
  std::vector<Eigen::Triplet<double>> triplets_;
  std::vector<int> slots_;  ///< Where each triplet goes in the matrix.
  Eigen::SparseMatrix<double> matrix_;
};

/// Solves F(time, y, (y - before) / step) = 0 for y by Newton's method from its present value;
/// step = infinity: y' = 0. Empty, or one sentence.
std::string solve_step(CircuitEquations& equations,
                       double time,
                       double step,
                       const std::vector<double>& before,
                       bool held,
                       std::vector<double>& y);

}  // namespace psi_xlstm
