#include "hdl/emitted_model.hpp"

#include <fmt/format.h>

#include "core/number_text.hpp"
#include "hdl/subcircuit.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {

const char* path_of(EmittedForm form) {
  if (form == EmittedForm::kSubcircuit) return "subcircuit";
  return form == EmittedForm::kOsdi ? "osdi" : "verilog_a";
}

EmittedModel::EmittedModel(const ir::Network& network,
                           EmittedForm form,
                           const std::filesystem::path& verilog_a_compiler,
                           hdl::OsdiRelease release,
                           hdl::VerilogAShape shape)
    : name_(network.name),
      form_(form),
      tied_(network.is_told_its_start()),
      has_states_(network.state_count() > 0),
      bounds_step_(form != EmittedForm::kSubcircuit && has_states_) {
  if (form == EmittedForm::kSubcircuit) {
    definition_ = hdl::subcircuit(network);
    return;
  }
  definition_ = fmt::format(".model compiled_{0} {0}\n", name_);
  if (form == EmittedForm::kOsdi) {
    library_ = std::make_unique<hdl::OsdiLibrary>(network, release);
    return;
  }
  const auto compiler = hdl::verilog_a_compiler(verilog_a_compiler);
  if (!compiler) {
    throw EmitError(fmt::format(
        "model {}: expected a Verilog-A compiler (openvaf, openvaf-r or PSI_OPENVAF), found none",
        name_));
  }
  verilog_a_ = std::make_unique<hdl::VerilogALibrary>(network, *compiler, shape);
  bounds_step_ = has_states_ && verilog_a_->bounds_step();
}

std::filesystem::path EmittedModel::library() const {
  if (verilog_a_) return verilog_a_->file();
  return library_ ? library_->file() : std::filesystem::path();
}

std::string EmittedModel::element(const std::string& instance,
                                  const std::string& plus,
                                  const std::string& minus,
                                  const InstanceParameters& parameters) const {
  std::string line = fmt::format("{}{} {} {} {}{}", is_compiled() ? 'n' : 'x', instance, plus,
                                 minus, is_compiled() ? "compiled_" : "", name_);
  for (const auto& [name, value] : assignments(parameters)) {
    line += fmt::format(" {}={}", name, value);
  }
  return line + "\n";
}

std::vector<std::pair<std::string, std::string>> EmittedModel::assignments(
    const InstanceParameters& parameters) const {
  std::vector<std::pair<std::string, std::string>> out;
  if (tied_ && parameters.conductance) out.emplace_back("g0", shortest(*parameters.conductance));
  if (has_states_ && parameters.hold) out.emplace_back("hold", *parameters.hold ? "1" : "0");
  if (bounds_step_ && parameters.max_step) {
    out.emplace_back("dtmax", shortest(*parameters.max_step));
  }
  return out;
}

std::string EmittedModel::element(const std::string& instance,
                                  const std::string& plus,
                                  const std::string& minus,
                                  const std::string& assignments,
                                  double max_step) const {
  std::string line = fmt::format("{}{} {} {} {}{}{}", is_compiled() ? 'n' : 'x', instance, plus,
                                 minus, is_compiled() ? "compiled_" : "", name_, assignments);
  if (bounds_step_) line += " dtmax=" + shortest(max_step);
  return line + "\n";
}

std::string EmittedModel::state_vector(const std::string& instance, int state) const {
  return is_compiled() ? fmt::format("v(n{}#x_{})", instance, state + 1)
                       : fmt::format("v(x{}.x{})", instance, state + 1);
}

}  // namespace psi_xlstm
