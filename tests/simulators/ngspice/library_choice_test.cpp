#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/process.hpp"
#include "hdl/osdi/library.hpp"
#include "simulators/ngspice/library.hpp"
#include "simulators/ngspice/simulator.hpp"
#include "simulators/ngspice/worker.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

// A cache folder with libraries of ngspice; that of the environment is put back.
class LibraryChoiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(cache_);
    for (std::size_t k = 0; k < 2; ++k) {
      before_[k] = environment_variable(kVariables[k]);
      ::unsetenv(kVariables[k]);
    }
    ::setenv("PSI_CACHE", cache_.c_str(), 1);
  }
  void TearDown() override {
    for (std::size_t k = 0; k < 2; ++k) {
      before_[k].empty() ? ::unsetenv(kVariables[k])
                         : ::setenv(kVariables[k], before_[k].c_str(), 1);
    }
    fs::remove_all(cache_);
  }

  // A library with every function that a session wants; that of the start does `at_start`.
  std::string add(const std::string& version, const std::string& at_start) const {
    const fs::path folder = cache_ / ("ngspice-" + version) / "lib", source = folder / "ngspice.c";
    fs::create_directories(folder);
    std::string text = "#include <stdlib.h>\nint ngSpice_Init(void) { " + at_start + " }\n";
    for (const char* const name : {"ngSpice_Init_Sync", "ngSpice_Command", "ngSpice_Circ",
                                   "ngGet_Vec_Info", "ngSpice_CurPlot", "ngSpice_AllVecs"}) {
      text += std::string("void* ") + name + "(void) { return 0; }\n";
    }
    write_file(source, text);
    const fs::path library = folder / "libngspice.so.0";
    EXPECT_TRUE(run_program({hdl::c_compiler()->string(), "-shared", "-fPIC", source.string(), "-o",
                             library.string()},
                            "", 60)
                    .succeeded());
    return library.string();
  }

 private:
  static constexpr const char* kVariables[] = {"PSI_CACHE", "PSI_NGSPICE_LIBRARY"};
  std::string before_[2];
  const fs::path cache_ = fs::path(::testing::TempDir()) / "psi_library_choice";
};

TEST_F(LibraryChoiceTest, TheHighestVersionIsTriedFirstAndTheMachinesOwnLast) {
  const std::string old = add("9.9", "return 0;"), later = add("10.1", "return 0;");
  EXPECT_EQ(ngspice_libraries(), (std::vector<std::string>{later, old, "libngspice.so.0"}));
  ::setenv("PSI_NGSPICE_LIBRARY", "mine.so", 1);
  EXPECT_EQ(ngspice_libraries(), (std::vector<std::string>{"mine.so"}));
}

// One that ends its process, one that computes nothing: the next is used, and each is told.
TEST_F(LibraryChoiceTest, WhatDoesNotStartIsPassedOverWithASentence) {
  const std::string crashes = add("99.2", "abort();"), computes_nothing = add("99.1", "return 0;");
  const LibraryChoice choice = chosen_library({});
  EXPECT_EQ(choice.library, "libngspice.so.0");
  ASSERT_EQ(choice.passed_over.size(), 2U);
  EXPECT_EQ(choice.passed_over[0], crashes + ": ngspice ended with signal 6");
  EXPECT_EQ(choice.passed_over[1], computes_nothing + ": there is no vector v(a)");
  const SimulatorInfo info = simulator_info({});
  EXPECT_TRUE(info.version.starts_with("ngspice-")) << info.version;
  EXPECT_EQ(info.passed_over, choice.passed_over);
}

// Who names a library means it: it is not replaced, and what it does is said.
TEST_F(LibraryChoiceTest, ANamedLibraryIsNotReplaced) {
  const std::string crashes = add("99.2", "abort();");
  EXPECT_EQ(chosen_library({.library = crashes}).library, crashes);
  ::setenv("PSI_NGSPICE_LIBRARY", crashes.c_str(), 1);
  const OperatingPointResult run =
      operating_point("v1 a 0 1\nr1 a 0 1\n", {.vectors = {"v(a)"}}, {});
  EXPECT_EQ(run.reason, "ngspice ended with signal 6");
}

}  // namespace
}  // namespace psi_xlstm
