#include "cosimulation/reference.hpp"

#include <cvode/cvode.h>
#include <fmt/core.h>
#include <nvector/nvector_serial.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "cosimulation/sundials_context.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr long kMostCvodeSteps = 10000000;  // between two output times or breakpoints

/// One device in its circuit.
struct Circuit {
  const StateEquation& device;
  const Stimulus& stimulus;
  double series_resistance;

  double device_voltage(double time, const double* state) const {
    const double drive = stimulus.value(time);
    if (series_resistance == 0) return drive;
    return solve_device_voltage([&](double v) { return device.current(v, state); },
                                series_resistance, drive);
  }
};

/// CVODE's function: 0 is success, 1 asks for a smaller step.
int derivative_callback(sunrealtype time, N_Vector state, N_Vector derivative, void* user) {
  const Circuit& circuit = *static_cast<const Circuit*>(user);
  const double* const c = N_VGetArrayPointer(state);
  double* const rate = N_VGetArrayPointer(derivative);
  const double voltage = circuit.device_voltage(time, c);
  if (!std::isfinite(voltage)) return 1;
  circuit.device.derivative(voltage, c, rate);
  const bool finite =
      std::all_of(rate, rate + circuit.device.states, [](double x) { return std::isfinite(x); });
  return finite ? 0 : 1;
}

/// The objects of one CVODE integration, freed in the reverse order.
class Integrator {
 public:
  Integrator(const Circuit& circuit,
             const std::vector<double>& initial_state,
             const ReferenceOptions& options)
      : circuit_(circuit) {
    const auto size = static_cast<sunindextype>(initial_state.size());
    state_ = N_VNew_Serial(size, context_);
    std::copy(initial_state.begin(), initial_state.end(), N_VGetArrayPointer(state_));
    matrix_ = SUNDenseMatrix(size, size, context_);
    solver_ = SUNLinSol_Dense(state_, matrix_, context_);
    memory_ = CVodeCreate(options.stiff ? CV_BDF : CV_ADAMS, context_);
#if SUNDIALS_VERSION_MAJOR < 7
    CVodeSetErrHandlerFn(memory_, ignore_message, nullptr);
#endif
    CVodeInit(memory_, derivative_callback, 0, state_);
    CVodeSStolerances(memory_, options.relative_tolerance, options.absolute_tolerance);
    CVodeSetUserData(memory_, const_cast<Circuit*>(&circuit_));
    CVodeSetLinearSolver(memory_, solver_, matrix_);
    CVodeSetMaxNumSteps(memory_, kMostCvodeSteps);
    if (options.max_step > 0) CVodeSetMaxStep(memory_, options.max_step);
  }
  ~Integrator() {
    CVodeFree(&memory_);
    SUNLinSolFree(solver_);
    SUNMatDestroy(matrix_);
    N_VDestroy(state_);
    SUNContext_Free(&context_);
  }
  Integrator(const Integrator&) = delete;
  Integrator& operator=(const Integrator&) = delete;

  const double* state() const { return N_VGetArrayPointer(state_); }

  /// Goes on to `time`, never beyond `wall`, where the equation changes. Empty, or what went wrong.
  std::string advance(double time, double wall) {
    CVodeSetStopTime(memory_, wall);
    sunrealtype reached = 0;
    const int flag = CVode(memory_, time, state_, &reached, CV_NORMAL);
    if (flag >= 0) return "";
    const std::unique_ptr<char, decltype(&std::free)> name(CVodeGetReturnFlagName(flag),
                                                           &std::free);
    return fmt::format("the reference integration stopped at {} s: {}", reached, name.get());
  }

  /// Forgets the past at `time`, where the equation changes.
  void restart(double time) {
    count_steps();
    CVodeReInit(memory_, time, state_);
  }

  long steps() {
    count_steps();
    return steps_;
  }

 private:
  void count_steps() {
    long int taken = 0;
    CVodeGetNumSteps(memory_, &taken);
    steps_ += taken;
  }

  const Circuit& circuit_;
  SUNContext context_ = silent_context();
  N_Vector state_ = nullptr;
  SUNMatrix matrix_ = nullptr;
  SUNLinearSolver solver_ = nullptr;
  void* memory_ = nullptr;
  long steps_ = 0;
};

/// Whether `later` is so little after `earlier` that CVODE would refuse to go there.
bool nearly_same(double earlier, double later) { return later - earlier <= 4 * kEpsilon * later; }

/// Adds what the device does at `time`.
void record(const Circuit& circuit, double time, const double* state, ReferenceResult& result) {
  const double voltage = circuit.device_voltage(time, state);
  const double current = circuit.device.current(voltage, state);
  if (!std::isfinite(current) && result.usable()) {
    result.reason = fmt::format("the device has no finite current at {} s", time);
  }
  result.voltage.push_back(voltage);
  result.current.push_back(current);
  result.states.emplace_back(state, state + circuit.device.states);
}

void integrate(const Circuit& circuit,
               const std::vector<double>& initial_state,
               const std::vector<double>& output_times,
               const ReferenceOptions& options,
               ReferenceResult& result) {
  const double stop = output_times.back();
  std::vector<double> walls = circuit.stimulus.breakpoints(stop);
  walls.push_back(stop);
  Integrator integrator(circuit, initial_state, options);
  auto output = output_times.begin();
  double time = 0;
  for (const double wall : walls) {
    for (; output != output_times.end() && *output <= wall && result.usable(); ++output) {
      if (!nearly_same(time, *output)) result.reason = integrator.advance(*output, wall);
      if (!result.usable()) break;
      time = std::max(time, *output);
      record(circuit, *output, integrator.state(), result);
    }
    if (result.usable() && !nearly_same(time, wall)) result.reason = integrator.advance(wall, wall);
    if (!result.usable()) break;
    time = wall;
    if (wall < stop) integrator.restart(wall);
  }
  result.steps = integrator.steps();
}

void check_input(const StateEquation& device,
                 double series_resistance,
                 const std::vector<double>& initial_state,
                 const std::vector<double>& output_times,
                 const ReferenceOptions& options) {
  if (device.states < 0 || !device.current || (device.states > 0 && !device.derivative)) {
    throw SpiceError("reference device: expected a current and, with states, a derivative");
  }
  if (initial_state.size() != static_cast<std::size_t>(device.states)) {
    throw SpiceError(fmt::format("reference initial state: expected {} numbers, got {}",
                                 device.states, initial_state.size()));
  }
  if (!(series_resistance >= 0) || !std::isfinite(series_resistance)) {
    throw SpiceError(fmt::format("reference series resistance: expected at least 0 Ohm, got {}",
                                 series_resistance));
  }
  const bool bad_times = output_times.empty() || !(output_times.front() >= 0) ||
                         !std::is_sorted(output_times.begin(), output_times.end()) ||
                         !std::all_of(output_times.begin(), output_times.end(),
                                      [](double t) { return std::isfinite(t); });
  if (bad_times) {
    throw SpiceError("reference output times: expected sorted times >= 0 s, got others");
  }
  if (!(options.relative_tolerance > 0 && options.absolute_tolerance > 0 &&
        options.max_step >= 0)) {
    throw SpiceError("reference options: expected tolerances > 0 and a maximal step >= 0 s");
  }
}

}  // namespace

ReferenceResult integrate_reference(const StateEquation& device,
                                    const Stimulus& stimulus,
                                    double series_resistance,
                                    const std::vector<double>& initial_state,
                                    const std::vector<double>& output_times,
                                    const ReferenceOptions& options) {
  check_stimulus(stimulus);
  check_input(device, series_resistance, initial_state, output_times, options);
  const Circuit circuit{
      .device = device, .stimulus = stimulus, .series_resistance = series_resistance};
  ReferenceResult result;
  if (device.states > 0 && output_times.back() > 0) {
    integrate(circuit, initial_state, output_times, options, result);
  } else {
    for (const double time : output_times) record(circuit, time, initial_state.data(), result);
  }
  return result;
}

double solve_device_voltage(const std::function<double(double voltage)>& current,
                            double series_resistance,
                            double drive) {
  const auto residual = [&](double v) { return v + series_resistance * current(v) - drive; };
  // A passive device has its voltage between 0 and the drive; wider, twice as wide each time, for
  // others.
  double low = std::min(drive, 0.0), high = std::max(drive, 0.0);
  double at_low = residual(low), at_high = residual(high);
  for (double width = std::max(high - low, 1e-3); at_low > 0 || at_high < 0; width *= 2) {
    if (!(width < 1e12)) return std::numeric_limits<double>::quiet_NaN();
    if (at_low > 0) at_low = residual(low -= width);
    if (at_high < 0) at_high = residual(high += width);
  }
  // Regula falsi, where an end that stays twice counts half (Illinois); every eighth a bisection.
  const double tolerance = 4 * kEpsilon * std::max({std::abs(low), std::abs(high), 1e-300});
  int last_side = 0;
  for (int iteration = 0; high - low > tolerance && iteration < 200; ++iteration) {
    if (at_low == 0) return low;
    if (at_high == 0) return high;
    double v = low - at_low * (high - low) / (at_high - at_low);
    if (iteration % 8 == 7 || !(v > low && v < high)) v = low + (high - low) / 2;
    const double at_v = residual(v);
    if (!std::isfinite(at_v)) return std::numeric_limits<double>::quiet_NaN();
    const int side = at_v < 0 ? -1 : 1;
    (side < 0 ? low : high) = v;
    (side < 0 ? at_low : at_high) = at_v;
    if (side == last_side) (side < 0 ? at_high : at_low) /= 2;
    last_side = side;
  }
  return low + (high - low) / 2;
}

}  // namespace psi_xlstm
