#include "bench/spice_benchmark_circuits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bench/vteam_text.hpp"
#include "circuit/stimulus.hpp"
#include "core/number_text.hpp"
#include "core/rng.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/forms.hpp"

namespace psi_xlstm {
namespace {

// How many tanh features a compact student has; 0: it is another kind of network.
int features_of(const ir::Network& student) {
  for (const ir::ParameterBlock& block : student.blocks) {
    if (block.name == "features.bias") return block.rows * block.columns;
  }
  return 0;
}

std::string name_of(const ir::Network& student, const char* form) {
  const int features = features_of(student);
  return features > 0 ? fmt::format("student_m{}_{}", features, form)
                      : fmt::format("student_{}", form);
}

const ir::Network& checked(const ir::Network& student) {
  const bool good =
      student.port_count() == 1 && student.state_count() > 0 && student.start == ir::Start::kTied;
  if (good) return student;
  throw ConfigError(fmt::format(
      "benchmark: expected a model with one port, states and a conductance g0 at the start, found "
      "{} with {} ports and {} states",
      student.name, student.port_count(), student.state_count()));
}

BenchmarkDevice student_device(const std::string& name, const EmittedModel& model) {
  return {.model = name,
          .definition = model.definition(),
          .element =
              [&model](int index, const std::string& node, double max_step) {
                return model.element(std::to_string(index), node, "0",
                                     {.conductance = {}, .hold = {}, .max_step = max_step});
              },
          .libraries = with_library(model, {}).osdi};
}

// A device whose line is `format` with the number and the node.
BenchmarkDevice plain_device(const std::string& name,
                             const std::string& definition,
                             const std::string& format) {
  return {
      .model = name,
      .definition = definition,
      .element = [format](int index, const std::string& node,
                          double) { return fmt::format(fmt::runtime(format), index, node) + "\n"; },
      .libraries = {}};
}

}  // namespace

BenchmarkDevices::BenchmarkDevices(const ir::Network& student, bool compiled)
    : student_name_(name_of(student, "osdi")),
      subcircuit_name_(name_of(student, "subcircuit")),
      subcircuit_(checked(student), EmittedForm::kSubcircuit) {
  if (compiled) {
    osdi_ = std::make_unique<EmittedModel>(student, EmittedForm::kOsdi);
    vteam_ = std::make_unique<hdl::OsdiLibrary>("vteam", kVteamOsdi);
  }
  add_students();
  add_vteam();
  add_built_in();
}

void BenchmarkDevices::add_students() {
  if (osdi_) devices_.push_back(student_device(student_name_, *osdi_));
  devices_.push_back(student_device(subcircuit_name_, subcircuit_));
}

void BenchmarkDevices::add_vteam() {
  if (vteam_) {
    devices_.push_back(
        plain_device("vteam_osdi", ".model compiled_vteam vteam\n", "n{} {} 0 compiled_vteam"));
    devices_.back().libraries = {vteam_->file()};
  }
  devices_.push_back(plain_device("vteam_subcircuit", kVteamSubcircuit, "x{} {} 0 vteam"));
}

void BenchmarkDevices::add_built_in() {
  devices_.push_back(plain_device("diode", ".model diode d(is=1e-14 cjo=1p)\n", "d{} {} 0 diode"));
  devices_.push_back(plain_device("bsim4",
                                  ".model transistor nmos level=14 version=4.8\nvgate gate 0 1\n",
                                  "m{} {} gate 0 0 transistor w=1u l=0.1u"));
  devices_.push_back(plain_device("rc", "", "c{} {} 0 1p"));
}

std::string sine_source() { return "vin in 0 sin(0 1 100k)\n"; }

std::string array_netlist(const BenchmarkDevice& device,
                          int count,
                          const std::string& source,
                          double max_step) {
  std::string netlist = device.definition + source;
  for (int i = 0; i < count; ++i) {
    const std::string node = fmt::format("a{}", i);
    netlist += fmt::format("rs{} in {} 10\n", i, node) + device.element(i, node, max_step);
  }
  return netlist;
}

std::vector<double> crossbar_conductances(int n, double low, double high) {
  Rng rng(7);
  std::vector<double> conductances;
  for (int k = 0; k < n * n; ++k) {
    conductances.push_back(std::exp(rng.uniform(std::log(low), std::log(high))));
  }
  return conductances;
}

std::string crossbar_netlist(int n,
                             const std::vector<double>& conductances,
                             const std::string& definition,
                             const CrossbarCell& cell) {
  constexpr double kEdge = 10e-9;
  const auto pulse = [](double high, double delay, double width) {
    return PulseTerm{.high = high, .delay = delay, .rise = kEdge, .fall = kEdge, .width = width};
  };
  const Stimulus row{{pulse(0.6, 0.5e-6, 5e-6), pulse(0.1, 7e-6, 2e-6)}};
  const Stimulus column{{pulse(-0.6, 0.5e-6, 5e-6)}};
  const Stimulus ground{{ConstantTerm{}}};
  std::string netlist = definition;
  for (int i = 0; i < n; ++i) {
    netlist +=
        (i == 0 ? row : ground).netlist(fmt::format("vr{}", i), fmt::format("r{}_in", i), "0");
    netlist +=
        (i == 0 ? column : ground).netlist(fmt::format("vc{}", i), fmt::format("c{}_out", i), "0");
  }
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      const std::string here = fmt::format("{}_{}", i, j);
      const std::string before = j == 0 ? fmt::format("{}_in", i) : fmt::format("{}_{}", i, j - 1);
      const std::string after =
          i == n - 1 ? fmt::format("{}_out", j) : fmt::format("{}_{}", i + 1, j);
      netlist += fmt::format("rr{0} r{1} r{0} 1\nrc{0} c{0} c{2} 1\n", here, before, after);
      netlist +=
          cell(here, "r" + here, "c" + here, conductances[static_cast<std::size_t>(i * n + j)]);
    }
  }
  return netlist;
}

}  // namespace psi_xlstm
