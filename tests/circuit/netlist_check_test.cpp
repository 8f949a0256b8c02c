#include "circuit/netlist_check.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/worker.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

std::string problem_with_netlist(const std::string& netlist) {
  try {
    check_netlist(netlist);
  } catch (const SpiceError& e) {
    return e.what();
  }
  return "none";
}

bool is_refused(const std::string& line) {
  return problem_with_netlist("r1 a 0 1k\n" + line) != "none";
}

/// Runs `lines` in ngspice past every check; whether `file` exists afterwards.
bool creates_file(const std::vector<std::string>& lines, const fs::path& file) {
  fs::remove(file);
  Message request;
  request.header = {{"circuit", lines},
                    {"commands", nlohmann::json::array()},
                    {"scale", ""},
                    {"vectors", nlohmann::json::array()},
                    {"tables", nlohmann::json::array()}};
  run_worker(request, {});
  return fs::exists(file);
}

TEST(CheckNetlist, AcceptsACircuit) {
  EXPECT_EQ(problem_with_netlist("* a comment with 'quotes'; and $signs\n"
                                 ".subckt cell p n params: g0=2e-4\n"
                                 "Ga_1 0 a_1 p n 0.5\n"
                                 "Bt_1 0 t_1 I=tanh(V(a_1))\n"
                                 "Bx 0 x I=(1-V(h))*{g0/1e-9}*V(l)*(V(q) - V(x))\n"
                                 "Vh h 0 dc 1 pulse(1 0 0 1n 1n 1e6 2e6)\n"
                                 "Cx x 0 {1e-9}\n"
                                 "+ ic=0\n"
                                 ".param c0={(log(g0/2e-4)-1)/3}\n"
                                 ".ends\n"
                                 "v1 a 0 external\n"
                                 "d1 a 0 dm\n"
                                 "n1 a 0 nn\n"
                                 ".model dm d (is=1e-14)\n"
                                 ".model nn psi_model g0=1e-4\n"
                                 "x1 a 0 cell g0=1e-3\n"
                                 ".options reltol=1e-4 method=gear maxord=2\n"
                                 ".ic v(a)=1\n"
                                 ".end\n"),
            "none");
}

TEST(CheckNetlist, SaysLineExpectationAndFinding) {
  EXPECT_EQ(problem_with_netlist("r1 a 0 1k\n\n.control\n"),
            "netlist line 3: expected an element or one of .subckt, .ends, .param, .model, .ic, "
            ".nodeset, .options, .temp, .if, .elseif, .else, .endif, .end, got .control");
  EXPECT_EQ(problem_with_netlist("r1 a 0 1k\na1 [a] [b] m\n"),
            "netlist line 2: expected an element of type rclvibgefhdqmjnxkswt, got a1");
  EXPECT_EQ(problem_with_netlist("r1 a 0 1k;x\n"),
            "netlist line 1: expected letters, digits, blanks and _.+-*/^(){}[]=,:<>?!&|#@, got ;");
  EXPECT_EQ(problem_with_netlist("r1 a 0 {system(1)}\n"),
            "netlist line 1: expected a function of arithmetic or of a source, got system(");
  EXPECT_EQ(problem_with_netlist("v1 a 0 pwl file=x.csv\n"),
            "netlist line 1: expected no file, got file=");
  EXPECT_EQ(problem_with_netlist("* only words\n"),
            "netlist: expected at least one element, got none");
  EXPECT_EQ(problem_with_netlist("r1 a 0 1\n.end\nr2 a 0 1\n"),
            "netlist line 3: expected nothing after .end, got r2 a 0 1");
  EXPECT_EQ(problem_with_netlist("v1 a 0 dc 0 external\n"),
            "netlist line 1: expected an external source as \"v<name> <node> <node> external\", "
            "got v1 a 0 dc 0 external");
}

TEST(CheckNetlist, RefusesEveryLineThatIsNoCircuit) {
  for (const std::string word : {".control",
                                 ".endc",
                                 ".include x.cir",
                                 ".inc x.cir",
                                 ".lib x.lib tt",
                                 ".exec touch x",
                                 ".write x",
                                 ".print tran v(a)",
                                 ".plot tran v(a)",
                                 ".hardcopy x",
                                 ".save all",
                                 ".measure tran t max v(a)",
                                 ".csparam x=1",
                                 ".title x",
                                 ".func f(x) {x}",
                                 ".global a",
                                 ".tran 1n 1u",
                                 ".dc v1 0 1 1",
                                 ".pss",
                                 ".spiceinit",
                                 ".",
                                 "shell touch x",
                                 "pre_osdi x.osdi",
                                 "osdi x.osdi",
                                 "codemodel x.cm",
                                 "quit",
                                 "a1 a b m",
                                 "p1 a b c",
                                 "u1 a b",
                                 "y1 a b",
                                 "z1 a b",
                                 "o1 a b",
                                 "1 a b"}) {
    EXPECT_TRUE(is_refused(word)) << word;
  }
}

TEST(CheckNetlist, RefusesCommentsThatNgspiceCanTakeForCommands) {
  EXPECT_TRUE(is_refused("*# shell touch x"));
  EXPECT_TRUE(is_refused("  *#shell touch x"));
  EXPECT_TRUE(is_refused("*ng_script"));
  EXPECT_TRUE(is_refused("*NG_SCRIPT"));
  EXPECT_FALSE(is_refused("* ng_script"));
}

TEST(CheckNetlist, RefusesFilesAndForeignFunctionsAlsoInContinuations) {
  for (const std::string& line : std::vector<std::string>{
           "v1 a 0 pwl(file=\"x\")", "v1 a 0\n+ pwl pwlfile = x", "b1 a 0 v={exec (1)}",
           "b1 a 0 v=1\n+ +open(x)", ".model m filesource (file=x)", ".model m d (is={exec(1)})",
           "v1 a 0 `ls`", "r1 a 0 'x'", "r1 a 0 1 $ x", "r1 a 0 1\\", "r1 a 0 \xc3\xa9",
           "r1 a 0 1\r", std::string("r1 a 0 1\0", 9)}) {
    EXPECT_TRUE(is_refused(line)) << line;
  }
  EXPECT_EQ(problem_with_netlist("+ 1k\nr1 a 0 1\n"),
            "netlist line 1: expected a line to continue, got + 1k");
}

TEST(CheckNetlist, RefusesOptionsThatAreNotNumericsAndFirstOrder) {
  EXPECT_EQ(problem_with_netlist("r1 a 0 1\n.options maxord=1\n"),
            "netlist line 2: expected maxord 2, 3, 4, 5 or 6, got 1");
  EXPECT_TRUE(is_refused(".options filetype=ascii"));
  EXPECT_TRUE(is_refused(".options interp"));
  EXPECT_TRUE(is_refused(".options reltol=1e-4x"));
  EXPECT_TRUE(is_refused(".options method=euler"));
  EXPECT_TRUE(is_refused(".options reltol=nan"));
}

TEST(CheckNetlist, FindsExternalSources) {
  EXPECT_EQ(external_sources("Vin a 0 EXTERNAL\nv2 a 0 1\nv3 b 0\n+ external\n"),
            (std::vector<std::string>{"vin", "v3"}));
}

// Why the check is there: ngspice itself runs these commands.
TEST(CheckNetlist, WithoutTheCheckANetlistCreatesAFile) {
  const fs::path file = fs::path(::testing::TempDir()) / "psi_netlist_check_created";
  const std::string command = "shell touch " + file.string();
  EXPECT_TRUE(creates_file({"* title", "r1 a 0 1k", ".control", command, ".endc", ".end"}, file));
  EXPECT_FALSE(creates_file({"* title", "r1 a 0 1k", ".end"}, file));
  fs::remove(file);
}

}  // namespace
}  // namespace psi_xlstm
