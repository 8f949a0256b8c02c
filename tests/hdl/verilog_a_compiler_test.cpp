#include "hdl/verilog_a_compiler.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/atomic_file.hpp"
#include "core/process.hpp"
#include "core/temporary_folder.hpp"
#include "hdl/osdi/version.hpp"
#include "hdl/verilog_a.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"
#include "support/recurrent_networks.hpp"
#include "support/stand_in_compiler.hpp"
#include "support/static_devices.hpp"

namespace psi_xlstm::hdl {
namespace {

namespace fs = std::filesystem;
using testing::one_state;
using testing::StandInCompilers;

std::string problem_with(const fs::path& compiler) {
  try {
    VerilogALibrary(one_state(), compiler);
  } catch (const EmitError& e) {
    return e.what();
  }
  return "none";
}

/// An environment variable that is as before at the end.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) before_ = old;
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { setenv(name_, before_.c_str(), 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string before_;
};

TEST(VerilogACompiler, IsTheNamedOneElseThatOfTheEnvironmentElseOnPath) {
  const StandInCompilers compilers;
  const Variable path("PATH", compilers.folder().string());
  const Variable none("PSI_OPENVAF", "");
  const Variable cache("PSI_CACHE", compilers.folder().string());  // nothing installed
  EXPECT_FALSE(verilog_a_compiler({}));
  const fs::path newer = compilers.script("openvaf-r", "exit 0");
  EXPECT_EQ(verilog_a_compiler({}), newer);
  const fs::path plain = compilers.script("openvaf", "exit 0");
  EXPECT_EQ(verilog_a_compiler({}), plain);
  const Variable named("PSI_OPENVAF", "/somewhere/else");
  EXPECT_EQ(verilog_a_compiler({}), "/somewhere/else");
  EXPECT_EQ(verilog_a_compiler("mine"), "mine");
}

TEST(VerilogACompiler, GetsTheEmittedTextAndTheMacroOfTheLongestStep) {
  const StandInCompilers compilers;
  const std::string seen = (compilers.folder() / "seen").string();
  const fs::path compiler =
      compilers.twin("openvaf", one_state(), 3, "cp \"$1\" " + seen + "; echo \"$4 $5\" >>" + seen);
  fs::path folder;
  {
    const VerilogALibrary library(one_state(), compiler);
    EXPECT_TRUE(library.bounds_step());
    EXPECT_EQ(osdi_version(library.file()).text(), "0.3");
    EXPECT_EQ(read_file(seen), verilog_a(one_state()) + "-D PSI_BOUND_STEP\n");
    folder = library.file().parent_path();
  }
  EXPECT_FALSE(fs::exists(folder));
}

TEST(VerilogACompiler, TriesAgainWithoutTheLongestStep) {
  const StandInCompilers compilers;
  const fs::path compiler =
      compilers.twin("openvaf", one_state(), 3, "[ $# -gt 3 ] && kill -SEGV $$");
  const VerilogALibrary library(one_state(), compiler);
  EXPECT_FALSE(library.bounds_step());
  EXPECT_TRUE(fs::is_regular_file(library.file()));
}

// What is cut into nodes is compiled without optimisation.
TEST(VerilogACompiler, AsksForNoOptimisationOfNodes) {
  const StandInCompilers compilers;
  const std::string seen = (compilers.folder() / "seen").string();
  const fs::path compiler =
      compilers.twin("openvaf", one_state(), 3, "cp \"$1\" " + seen + "; echo \"$6 $7\" >>" + seen);
  const VerilogALibrary library(one_state(), compiler, VerilogAShape::kNodes);
  EXPECT_EQ(read_file(seen), verilog_a(one_state(), VerilogAShape::kNodes) + "-O 0\n");
}

// What the real one says, where there is one, is that it is done.
TEST(VerilogACompiler, HasNothingToSayAboutAnyText) {
  const auto compiler = verilog_a_compiler({});
  if (!compiler) GTEST_SKIP() << "no Verilog-A compiler";
  const TemporaryFolder folder("warnings");
  for (const ir::Network& network :
       {one_state(), testing::three_states(), testing::static_curve(),
        testing::with_charges(testing::three_states()), testing::static_device(true),
        testing::transistor(), testing::drawn_low_rank().network("low_rank"),
        testing::drawn_clustering(14).network("clustering"),
        testing::drawn_teacher().network("teacher")}) {
    for (const VerilogAShape shape : {VerilogAShape::kBySize, VerilogAShape::kNodes}) {
      write_file(folder.path() / "model.va", verilog_a(network, shape));
      const ProgramOutcome run =
          run_program({compiler->string(), "model.va", "-o", "model.osdi", "-O", "0"}, "", 120,
                      {.folder = folder.path(), .temporary = folder.path()});
      EXPECT_TRUE(run.succeeded()) << network.name << ": " << run.problem();
      const std::string said = run.errors + run.output;
      EXPECT_EQ(said.find("warning"), said.npos) << network.name << ": " << said;
    }
  }
}

TEST(VerilogACompiler, SaysHowACompilerFailed) {
  const StandInCompilers compilers;
  const auto expected = [](const fs::path& compiler, const std::string& end) {
    return "one_state.va: expected " + compiler.string() + " to compile it, found: " + end;
  };
  const fs::path refuses =
      compilers.script("refuses", "echo warning: odd >&2; echo 'error: no nature' >&2; exit 65");
  EXPECT_EQ(problem_with(refuses), expected(refuses, "exit status 65: error: no nature"));
  const fs::path silent = compilers.script("silent", "exit 1");
  EXPECT_EQ(problem_with(silent), expected(silent, "exit status 1"));
  const fs::path crashes = compilers.script("crashes", "kill -SEGV $$");
  EXPECT_EQ(problem_with(crashes), expected(crashes, "signal 11"));
  const fs::path forgets = compilers.script("forgets", "exit 0");
  EXPECT_EQ(problem_with(forgets), expected(forgets, "success without a library"));
  const fs::path missing = compilers.folder() / "missing";
  EXPECT_EQ(problem_with(missing), expected(missing, "No such file or directory"));
  const fs::path lies = compilers.script("lies", "echo hello >\"$3\"");
  EXPECT_NE(problem_with(lies).find("one_state.osdi: expected a complete library, found none"),
            std::string::npos)
      << problem_with(lies);
}

}  // namespace
}  // namespace psi_xlstm::hdl
