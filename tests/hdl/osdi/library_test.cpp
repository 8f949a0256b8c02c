#include "hdl/osdi/library.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/process.hpp"
#include "hdl/osdi/osdi.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/every_operation.hpp"
#include "support/networks.hpp"
#include "support/paths.hpp"
#include "support/stand_in_compiler.hpp"

namespace psi_xlstm::hdl {
namespace {

namespace fs = std::filesystem;

// A folder of its own with a blank and a quote in its name.
class CompileOsdi : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("psi osdi ' test " + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(CompileOsdi, LeavesALibraryAndNothingElse) {
  write_file(folder_ / "-o.c", osdi_source(testing::one_state()));
  compile_osdi(folder_ / "-o.c", folder_ / "model.osdi");
  EXPECT_TRUE(fs::is_regular_file(folder_ / "model.osdi"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 2);
}

TEST_F(CompileOsdi, SaysWhatTheCompilerSaid) {
  write_file(folder_ / "wrong.c", "int f(void) { return no_such_name; }\n");
  try {
    compile_osdi(folder_ / "wrong.c", folder_ / "model.osdi");
    FAIL() << "expected an EmitError";
  } catch (const EmitError& e) {
    const std::string text = e.what();
    EXPECT_TRUE(text.starts_with((folder_ / "wrong.c").string() + ": expected ")) << text;
    EXPECT_NE(text.find("no_such_name"), text.npos) << text;
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

// A compiler that goes on where this process has ended must not write where a next run reads.
TEST_F(CompileOsdi, LetsTheCompilerWriteNowhereElseThanInATemporaryFolder) {
  const testing::StandInCompilers compilers;
  const std::string seen = (compilers.folder() / "seen").string();
  const fs::path compiler =
      compilers.script("cc",
                       "for last; do [ \"$before\" = -o ] && out=$last; before=$last; done\n"
                       "echo \"$out\" >" +
                           seen + "\necho \"$TMPDIR\" >>" + seen + "\necho made >\"$out\"");
  write_file(folder_ / "model.c", "");
  ::setenv("CC", compiler.c_str(), 1);
  compile_osdi(folder_ / "model.c", folder_ / "model.osdi");
  ::unsetenv("CC");
  EXPECT_EQ(read_file(folder_ / "model.osdi"), "made\n");
  std::istringstream lines(read_file(seen));
  std::string out, temporary;
  std::getline(lines, out);
  std::getline(lines, temporary);
  EXPECT_EQ(fs::path(out).parent_path(), temporary);
  EXPECT_NE(temporary, folder_.string());
  EXPECT_FALSE(fs::exists(temporary));
}

TEST_F(CompileOsdi, SaysHowASilentCompilerEnded) {
  write_file(folder_ / "model.c", "");
  for (const auto& [program, found] : {std::pair{"/bin/false", "exit status 1"},
                                       std::pair{"/bin/true", "success without a library"}}) {
    ::setenv("CC", program, 1);
    try {
      compile_osdi(folder_ / "model.c", folder_ / "model.osdi");
      ADD_FAILURE() << "expected an EmitError";
    } catch (const EmitError& e) {
      EXPECT_EQ(e.what(), (folder_ / "model.c").string() + ": expected " + program +
                              " to compile it, found: " + found);
    }
    ::unsetenv("CC");
  }
  EXPECT_FALSE(fs::exists(folder_ / "model.osdi"));
}

// Emitted code has no warning, in C99 and with every compiler that is there.
TEST_F(CompileOsdi, EmittedCodeHasNoWarning) {
  for (const ir::Network& network : {testing::three_states(), testing::static_curve(),
                                     testing::every_operation(1), testing::every_operation(3)}) {
    const fs::path source = folder_ / (network.name + ".c");
    write_file(source, osdi_source(network));
    for (const char* compiler : {"cc", "clang"}) {
      const ProgramOutcome outcome =
          run_program({compiler, "-std=gnu99", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-psabi",
                       "-Wno-unused-variable", "-fPIC", "-shared", source.string(), "-o",
                       (folder_ / "out.so").string(), "-lm"},
                      "", 60);
      if (outcome.start_error != 0 && std::string(compiler) != "cc") continue;
      EXPECT_TRUE(outcome.succeeded()) << network.name << " " << compiler << "\n" << outcome.errors;
    }
  }
}

// The functions of the emitted code against the library's in long double, on both instruction sets.
TEST_F(CompileOsdi, TheFunctionsAreExactToAFewDigits) {
  const std::string program = R"(
#include <stdio.h>
#include "vector_math.h"
#define CHECK(name, expression, truth, unit) { \
    const double error = fabs((double)((long double)(expression) - (truth)) / (unit)); \
    if (!(error <= worst)) { worst = error; printf(name " %.17g: %g\n", x, error); } }
int main(void) {
  double worst = 1e-14;
  for (int i = -400000; i <= 400000; ++i) {
    const double x = i < 100000 && i > -100000 ? 1e-9 * i * i * i * 1e-6 : i * 1e-4;
    const double e = falling4(splat(x))[1];
    CHECK("exp", exp1(x), expl(x), (double)expl(x))
    CHECK("tanh", tanh1(x, falling4(splat(2 * x))[0]), tanhl(x), 1)
    CHECK("tanh4", tanh4(splat(x))[2], tanhl(x), 1)
    CHECK("sigmoid", sigmoid4(splat(x))[1], 1 / (1 + expl(-x)), 1)
    CHECK("softplus", softplus1(x, e), (x > 0 ? x : 0) + log1pl(expl(-fabsl(x))), 1 + fabs(x))
    CHECK("softplus4", softplus4(splat(x), splat(e))[3], softplus1(x, e), 1 + fabs(x))
    CHECK("logistic", logistic1(x, e), 1 / (1 + expl(-x)), 1)
    CHECK("logistic4", logistic4(splat(x), splat(e))[0], logistic1(x, e), 1)
  }
  for (int k = -690; k <= 690; k += 3) {
    const double x = k + 0.4999;
    CHECK("exp", exp1(x), expl(x), (double)expl(x))
  }
  if (!(tanh4(splat(1e300))[0] == 1 && tanh4(splat(-1e300))[0] == -1 && exp1(0) == 1)) return 2;
  if (!(tanh4(splat(0))[0] == 0 && tanh1(-0.3, falling4(splat(0.6))[0]) == tanh4(splat(-0.3))[0])) return 3;
  if (!(exp1(-1e308) == 0 && exp1(1e308) > 1e304 && exp1(1e308) < 1e305 && isnan(exp1(NAN)))) return 4;
  if (!(isnan(tanh4(splat(NAN))[0]) && exp1(-699.9) > 0 && falling4(splat(1e308))[0] == 0)) return 5;
  return worst > 1e-14;
}
)";
  write_file(folder_ / "check.c", program);
  const std::string include = std::string("-I") + testing::kSourceDir + "/src/hdl/osdi/runtime";
  for (const char* set : {"-msse2", "-mavx2"}) {
    std::vector<std::string> arguments = {"cc",
                                          "-std=gnu99",
                                          "-O3",
                                          "-Wno-psabi",
                                          set,
                                          include,
                                          (folder_ / "check.c").string(),
                                          "-o",
                                          (folder_ / "check").string(),
                                          "-lm"};
    if (std::string(set) == "-mavx2") {
      if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) continue;
      arguments.push_back("-mfma");
    }
    const ProgramOutcome built = run_program(arguments, "", 60);
    ASSERT_TRUE(built.succeeded()) << built.errors;
    const ProgramOutcome run = run_program({(folder_ / "check").string()}, "", 60);
    EXPECT_TRUE(run.succeeded()) << set << "\n" << run.output;
  }
}

TEST(CCompiler, IsTheOneThatCcNames) {
  const auto usual = c_compiler();
  ASSERT_TRUE(usual.has_value());
  ::setenv("CC", "/bin/sh", 1);
  EXPECT_EQ(c_compiler(), fs::path("/bin/sh"));
  ::setenv("CC", "no such compiler", 1);
  EXPECT_EQ(c_compiler().has_value(), true);
  ::unsetenv("CC");
}

TEST(OsdiLibrary, CompilesADeviceWrittenByHand) {
  const OsdiLibrary library("by_hand", "OsdiNode node = {.residual_units = \"A\"};\n");
  EXPECT_TRUE(fs::is_regular_file(library.file()));
  EXPECT_EQ(library.file().filename(), "by_hand.osdi");
  EXPECT_THROW(OsdiLibrary("wrong", "OsdiNode node = no_such_name;\n"), EmitError);
}

TEST(OsdiLibrary, RemovesItsFolder) {
  fs::path file;
  {
    const OsdiLibrary library(testing::one_state());
    file = library.file();
    EXPECT_TRUE(fs::is_regular_file(file));
  }
  EXPECT_FALSE(fs::exists(file.parent_path()));
}

}  // namespace
}  // namespace psi_xlstm::hdl
