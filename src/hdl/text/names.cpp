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

// What Spectre, HSPICE, Xyce and LTspice keep for themselves beyond that: primitives and models,
// keywords of their netlists, functions and nodes that every circuit has.
constexpr std::string_view kWords =
    " ac ahdl_include all alter altergroup am arcosh area arsinh artanh atan2 bit b3soi bjt504 "
    "bjt503 bsimbulk bsimcmg bsimimg bsimsoi bsource cktrom correlate couple ctle d2a dc delay "
    "delvto dev device_noise dio dot digital ekv ends envlp error evcvs evccs export expression "
    "false fft fourier func gauss global gnd ground hb hbtac hertz hbac hicum hisim hisimsoi hvmos "
    "ic include info inline int iprobe isnan jitter juncap k lang latch lib limit limits lossy "
    "loadpull macro mbc measure memristor memr mextram mismatch modulation monte montecarlo mos "
    "mos11 mos1000 mosvar msline mtline mutual_inductor mvs nil no node nodcap nodeset noise none "
    "nport null op opamp opt optimize options pattern pcapacitor pcccs pccvs pi pinductor "
    "plot port power presistor print process protect psp102 psp103 pss pvccs pvcvs pz quit rdiff "
    "relay return save sections sens set sffm shell simulator sp spectre stat statistics step "
    "stinp "
    "subckt sub switch0 sweep synapse t temp temper tf tran true truncate unprotect v value vccap "
    "vector vbic3 warn winding x xf yes zener "
    "abs acos agauss aunif buf ceil ddt deriv exp fabs fmod hypot i idt inv invsqr ln log log10 "
    "max min nint pow pwl pwr pwrs rand random round sgn sign sin sinh sqr sqrt stp tan tanh trunc "
    "unif uramp white endsection model models parameters section ideal ";

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
  for (const char* own :
       {"v",    "w",     "h",           "gnd",   "ground", "g0",    "m",     "area",
        "hold", "dtmax", "tau_scale",   "noise", "soa",    "soa_v", "soa_g", "told_at",
        "temp", "dtemp", "conductance", "start", "held",   "free"}) {
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
  const std::string word = in_lower_case(name);
  if (is_among(kReserved, word)) return "is a word of Verilog-A";
  if (is_among(kDevices, word)) return "is a device type of SPICE";
  if (is_among(kWords, word)) return "is a word of Spectre, HSPICE, Xyce or LTspice";
  return "";
}

std::string usable_model_name(const std::string& name) {
  return problem_with_model_name(name).empty() ? name : name + "_device";
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
    if (is_among(kReserved, in_lower_case(name))) refuse(name, "is a word of Verilog-A");
    if (name != network.name && is_internal(name)) refuse(name, "the model itself uses");
    if (!seen.insert(name).second) refuse(name, "two terminals have");
  }
}

RenamedNetwork with_usable_names(const ir::Network& network) {
  RenamedNetwork out{network, {}};
  const auto change = [&](const char* what, std::string& name, const char* suffix,
                          const std::string& problem) {
    if (problem.empty()) return;
    out.changes.push_back(fmt::format("the {} \"{}\" is called {}{}, for \"{}\" {}", what, name,
                                      name, suffix, name, problem));
    name += suffix;
  };
  ir::Network& renamed = out.network;
  change("model", renamed.name, "_device", problem_with_model_name(network.name));
  const auto problem_with_terminal = [&](const std::string& name) -> std::string {
    if (is_among(kReserved, in_lower_case(name))) return "is a word of Verilog-A";
    if (name != renamed.name && is_internal(name)) return "is a name inside the model";
    return "";
  };
  for (std::string& port : renamed.ports) {
    change("terminal", port, "_terminal", problem_with_terminal(port));
  }
  change("terminal", renamed.reference_terminal, "_terminal",
         problem_with_terminal(network.reference_terminal));
  return out;
}

}  // namespace psi_xlstm::hdl
