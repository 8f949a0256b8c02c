#include "hdl/text/names.hpp"

#include <fmt/format.h>

#include <set>
#include <string_view>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::hdl {
namespace {

// Words of Verilog-AMS (LRM 2.4, Annex B) that a file may be named after.
constexpr std::string_view kReserved =
    " above abs absdelay ac_stim acos acosh aliasparam always analog analysis and asin asinh "
    "assert assign atan atan2 atanh automatic begin branch buf case cell ceil config connect "
    "connectmodule cos cosh cross ddt ddx deassign default defparam design disable discipline "
    "discrete domain driver_update edge electrical else end endcase endconfig endfunction "
    "endmodule endnature endparamset endprimitive endspecify endtable endtask event exclude exp "
    "final_step flicker_noise floor flow for force forever fork from function generate genvar "
    "ground hypot idt idtmod if inf initial initial_step inout input instance integer join "
    "laplace_nd laplace_np laplace_zd laplace_zp last_crossing library limexp liblist ln "
    "localparam log max merged min module nand nature negedge net_resolution noise_table nor "
    "not or output parameter paramset posedge potential pow primitive pull0 pull1 real reg "
    "release repeat resolveto scalared sin sinh slew specify split sqrt string strong0 strong1 "
    "supply0 supply1 table tan tanh task temperature time timer transition tri units unsigned "
    "use vectored voltage wait wand weak0 weak1 while white_noise wire wor wreal xnor xor zi_nd "
    "zi_np zi_zd zi_zp ";

// What SPICE (ngspice 39 to 44) takes for a device of its own on a .model line or as a built-in.
constexpr std::string_view kDevices =
    " asrc b3soidd b3soifd b3soipd b4soi bjt bsim1 bsim2 bsim3 bsim3v0 bsim3v1 bsim3v32 bsim4 "
    "bsim4v5 bsim4v6 bsim4v7 c cap capacitor cccs ccvs cpl cpllines csw cswitch d diode hfet1 "
    "hfet2 hicum2 hisim2 hisimhv1 hisimhv2 ind inductor isource jfet jfet2 l ltra mes mesa mos1 "
    "mos2 mos3 mos6 mos9 mutual nbjt nhfet njf nmf nmos npn nsoi numd numos phfet pjf pmf pmos pnp "
    "psoi r res resistor soi3 sw switch tranline transline txl urc vbic vccs vcvs vdmos vdmosn "
    "vdmosp vsource ";

bool is_among(std::string_view words, std::string_view word) {
  return words.find(fmt::format(" {} ", word)) != std::string_view::npos;
}

std::string in_lower_case(std::string word) {
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return word;
}

// Whether a printer gives this name to a node or a variable of its own; SPICE ignores case.
bool is_internal(const std::string& name) {
  const std::string word = in_lower_case(name);
  for (const char* own : {"v", "h", "gnd", "g0", "area", "hold", "dtmax", "tau_scale", "noise",
                          "conductance", "start"}) {
    if (word == own) return true;
  }
  const std::size_t digit = word.find_first_of("0123456789");
  const std::string stem = word.substr(0, digit);
  for (const char* own :
       {"x", "r", "l", "q", "t", "a", "c", "x_", "r_", "c_", "v_", "y_", "rate_"}) {
    if (digit != word.npos && stem == own) return true;
  }
  return false;
}

}  // namespace

std::string problem_with_model_name(const std::string& name) {
  if (is_among(kReserved, name)) return "is a word of Verilog-A";
  if (is_among(kDevices, in_lower_case(name))) return "is a device type of SPICE";
  return "";
}

void check_names(const ir::Network& network) {
  const auto refuse = [&](const std::string& name, const std::string& what) {
    throw EmitError(fmt::format("model {}: expected another name than \"{}\", which {}",
                                network.name, name, what));
  };
  const std::string problem = problem_with_model_name(network.name);
  if (!problem.empty()) refuse(network.name, problem);
  std::vector<std::string> terminals = network.ports;
  terminals.push_back(network.reference_terminal);
  std::set<std::string> seen;
  for (const std::string& name : terminals) {
    if (is_among(kReserved, name)) refuse(name, "is a word of Verilog-A");
    if (name != network.name && is_internal(name)) refuse(name, "the model itself uses");
    if (!seen.insert(name).second) refuse(name, "two terminals have");
  }
}

}  // namespace psi_xlstm::hdl
