#include "cosimulation/circuit_reference.hpp"

#include <fmt/format.h>
#include <ida/ida.h>
#include <nvector/nvector_serial.h>
#include <sunlinsol/sunlinsol_klu.h>
#include <sunmatrix/sunmatrix_sparse.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "circuit/equations.hpp"
#include "cosimulation/sundials_context.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr long kMostIdaSteps = 10'000'000;  // between two output times or breakpoints
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

/// IDA's functions: 0 is success, 1 asks for a smaller step.
int residual_callback(sunrealtype time, N_Vector y, N_Vector slope, N_Vector f, void* user) {
  auto& equations = *static_cast<CircuitEquations*>(user);
  double* const out = N_VGetArrayPointer(f);
  equations.residual(time, N_VGetArrayPointer(y), N_VGetArrayPointer(slope), false, out);
  const bool finite =
      std::all_of(out, out + equations.size(), [](double x) { return std::isfinite(x); });
  return finite ? 0 : 1;
}

int jacobian_callback(sunrealtype time,
                      sunrealtype factor,
                      N_Vector y,
                      N_Vector,
                      N_Vector,
                      SUNMatrix to,
                      void* user,
                      N_Vector,
                      N_Vector,
                      N_Vector) {
  auto& equations = *static_cast<CircuitEquations*>(user);
  const auto& matrix = equations.jacobian(time, N_VGetArrayPointer(y), factor, false);
  std::copy_n(matrix.outerIndexPtr(), matrix.cols() + 1, SUNSparseMatrix_IndexPointers(to));
  std::copy_n(matrix.innerIndexPtr(), matrix.nonZeros(), SUNSparseMatrix_IndexValues(to));
  std::copy_n(matrix.valuePtr(), matrix.nonZeros(), SUNSparseMatrix_Data(to));
  return 0;
}

/// The objects of one IDA integration, freed in the reverse order.
class Integrator {
 public:
  Integrator(CircuitEquations& equations,
             const std::vector<double>& y,
             const CircuitReferenceOptions& options)
      : equations_(equations), max_step_(options.max_step) {
    const auto size = static_cast<sunindextype>(y.size());
    for (N_Vector* vector : {&y_, &slope_, &kind_}) *vector = N_VNew_Serial(size, context_);
    std::copy(y.begin(), y.end(), N_VGetArrayPointer(y_));
    N_VConst(0, slope_);
    // Only the currents of voltage sources may jump; their error is not a step's.
    for (std::size_t i = 0; i < y.size(); ++i) {
      const bool jumps = equations.kinds()[i] == UnknownKind::kBranchCurrent;
      N_VGetArrayPointer(kind_)[i] = jumps ? 0 : 1;
    }
    const auto& pattern = equations.jacobian(0, y.data(), 1, false);
    matrix_ = SUNSparseMatrix(size, size, static_cast<sunindextype>(pattern.nonZeros()), CSC_MAT,
                              context_);
    solver_ = SUNLinSol_KLU(y_, matrix_, context_);
    memory_ = IDACreate(context_);
#if SUNDIALS_VERSION_MAJOR < 7
    IDASetErrHandlerFn(memory_, ignore_message, nullptr);
#endif
    IDAInit(memory_, residual_callback, 0, y_, slope_);
    IDASStolerances(memory_, options.relative_tolerance, options.absolute_tolerance);
    IDASetUserData(memory_, &equations_);
    IDASetId(memory_, kind_);
    IDASetSuppressAlg(memory_, 1);
    IDASetLinearSolver(memory_, solver_, matrix_);
    IDASetJacFn(memory_, jacobian_callback);
    IDASetMaxNumSteps(memory_, kMostIdaSteps);
    IDASetMaxStep(memory_, max_step_);
    IDASetMaxErrTestFails(memory_, 30);
  }
  ~Integrator() {
    IDAFree(&memory_);
    SUNLinSolFree(solver_);
    SUNMatDestroy(matrix_);
    for (N_Vector vector : {y_, slope_, kind_}) N_VDestroy(vector);
    SUNContext_Free(&context_);
  }
  Integrator(const Integrator&) = delete;
  Integrator& operator=(const Integrator&) = delete;

  const double* y() const { return N_VGetArrayPointer(y_); }
  long steps() const { return steps_; }

  /// Forgets the past at `time`, where a source has a kink: finds the slopes after it by a short
  /// implicit step. Empty, or what went wrong.
  std::string restart(double time) {
    count_steps();
    const auto size = static_cast<std::size_t>(equations_.size());
    const double step = 1e-9 * max_step_;  // its own error is that of the slopes
    const std::vector<double> before(y(), y() + size);
    std::vector<double> after = before;
    const std::string problem = solve_step(equations_, time + step, step, before, false, after);
    if (!problem.empty()) return fmt::format("the reference stopped at {} s: {}", time, problem);
    double* const y0 = N_VGetArrayPointer(y_);
    double* const slope = N_VGetArrayPointer(slope_);
    for (std::size_t i = 0; i < size; ++i) {
      const bool jumps = equations_.kinds()[i] == UnknownKind::kBranchCurrent;
      slope[i] = jumps ? 0 : (after[i] - before[i]) / step;
      if (jumps) y0[i] = after[i];
    }
    IDAReInit(memory_, time, y_, slope_);
    IDASetInitStep(memory_, 1e-6 * max_step_);
    return "";
  }

  /// Goes on to `time`, never beyond `wall`. Empty, or what went wrong.
  std::string advance(double time, double wall) {
    IDASetStopTime(memory_, wall);
    sunrealtype reached = 0;
    const int flag = IDASolve(memory_, time, &reached, y_, slope_, IDA_NORMAL);
    if (flag >= 0) return "";
    const std::unique_ptr<char, decltype(&std::free)> name(IDAGetReturnFlagName(flag), &std::free);
    return fmt::format("the reference stopped at {} s: {}", reached, name.get());
  }

  void count_steps() {
    long int taken = 0;
    IDAGetNumSteps(memory_, &taken);
    steps_ += taken;
  }

 private:
  CircuitEquations& equations_;
  double max_step_;
  SUNContext context_ = silent_context();
  N_Vector y_ = nullptr, slope_ = nullptr, kind_ = nullptr;
  SUNMatrix matrix_ = nullptr;
  SUNLinearSolver solver_ = nullptr;
  void* memory_ = nullptr;
  long steps_ = 0;
};

/// Collects what is reported at every output time.
class Recorder {
 public:
  Recorder(const Circuit& circuit, CircuitEquations& equations, CircuitSolution& to)
      : circuit_(circuit),
        equations_(equations),
        to_(to),
        lowest_(circuit.devices.size(), std::numeric_limits<double>::infinity()),
        highest_(circuit.devices.size(), 0.0) {
    to_.nodes.resize(circuit.nodes.size());
    to_.devices.resize(circuit.devices.size());
    for (std::size_t e = 0; e < circuit.elements.size(); ++e) {
      if (circuit.elements[e].kind == ElementKind::kVoltageSource) sources_.push_back(e);
    }
    to_.sources.resize(sources_.size());
  }

  void record(const double* y) {
    for (std::size_t n = 0; n < to_.nodes.size(); ++n) to_.nodes[n].push_back(y[n]);
    for (std::size_t d = 0; d < to_.devices.size(); ++d) {
      to_.devices[d].push_back(equations_.device_current(d, y));
      const double g = equations_.device_conductance(d, y);
      lowest_[d] = std::min(lowest_[d], g);
      highest_[d] = std::max(highest_[d], g);
    }
    for (std::size_t s = 0; s < sources_.size(); ++s) {
      to_.sources[s].push_back(y[equations_.branch_of(sources_[s])]);
    }
  }

  void finish() {
    for (std::size_t d = 0; d < lowest_.size(); ++d) {
      to_.conductance_swing.push_back(lowest_[d] > 0 ? highest_[d] / lowest_[d] - 1 : 0);
    }
  }

 private:
  const Circuit& circuit_;
  CircuitEquations& equations_;
  CircuitSolution& to_;
  std::vector<std::size_t> sources_;
  std::vector<double> lowest_, highest_;
};

bool nearly_same(double earlier, double later) { return later - earlier <= 8 * kEpsilon * later; }

void check_input(const Circuit& circuit,
                 const std::vector<double>& times,
                 const CircuitReferenceOptions& options) {
  if (!circuit.not_covered.empty()) {
    throw SpiceError(fmt::format("circuit {}: {}", circuit.name, circuit.not_covered));
  }
  const bool sorted =
      !times.empty() && times.front() >= 0 && std::is_sorted(times.begin(), times.end());
  if (!sorted || !std::isfinite(times.back())) {
    throw SpiceError("reference output times: expected sorted times >= 0 s, got others");
  }
  if (!(options.relative_tolerance > 0 && options.absolute_tolerance > 0 && options.max_step > 0)) {
    throw SpiceError("reference options: expected tolerances > 0 and a maximal step > 0 s");
  }
}

}  // namespace

CircuitSolution solve_circuit(const Circuit& circuit,
                              const ir::Network& network,
                              const std::vector<double>& output_times,
                              const CircuitReferenceOptions& options) {
  check_input(circuit, output_times, options);
  CircuitEquations equations(circuit, network, options.default_conductance);
  CircuitSolution solution;
  std::vector<double> y(static_cast<std::size_t>(equations.size()), 0.0);
  const double forever = std::numeric_limits<double>::infinity();
  const std::string problem = solve_step(equations, 0, forever, y, true, y);
  if (!problem.empty()) {
    solution.reason = fmt::format("the reference has no operating point: {}", problem);
    return solution;
  }
  Recorder recorder(circuit, equations, solution);
  Integrator integrator(equations, y, options);
  std::vector<double> walls = equations.breakpoints(output_times.back());
  walls.push_back(output_times.back());
  double time = 0;
  auto output = output_times.begin();
  for (; output != output_times.end() && *output == 0; ++output) recorder.record(y.data());
  for (const double wall : walls) {
    if (nearly_same(time, wall)) continue;
    solution.reason = integrator.restart(time);
    for (; solution.usable() && output != output_times.end() && *output <= wall; ++output) {
      if (!nearly_same(time, *output)) solution.reason = integrator.advance(*output, wall);
      if (!solution.usable()) break;
      time = std::max(time, *output);
      recorder.record(integrator.y());
    }
    if (solution.usable() && !nearly_same(time, wall)) {
      solution.reason = integrator.advance(wall, wall);
    }
    if (!solution.usable()) break;
    time = wall;
  }
  integrator.count_steps();
  solution.steps = integrator.steps();
  recorder.finish();
  return solution;
}

}  // namespace psi_xlstm
