#include "hdl/osdi/version.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/atomic_file.hpp"
#include "core/process.hpp"
#include "hdl/osdi/library.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"
#include "support/stand_in_compiler.hpp"

namespace psi_xlstm::hdl {
namespace {

namespace fs = std::filesystem;

std::string problem_with(const fs::path& library) {
  try {
    osdi_version(library);
  } catch (const Error& e) {
    return e.what();
  }
  return "none";
}

TEST(OsdiVersion, IsReadFromTheLibrary) {
  EXPECT_EQ(osdi_version(OsdiLibrary(testing::one_state()).file()).text(), "0.3");
  const testing::StandInCompilers compilers;
  const fs::path compiler = compilers.twin("newer", testing::static_curve(), 4);
  const fs::path library = compilers.folder() / "newer.osdi";
  ASSERT_TRUE(run_program({compiler.string(), "x.va", "-o", library.string()}, "", 60).succeeded());
  EXPECT_EQ(osdi_version(library), (OsdiVersion{0, 4}));
}

// Nothing of the library runs: a constructor would leave a file behind.
TEST(OsdiVersion, ExecutesNothing) {
  const testing::StandInCompilers compilers;
  const fs::path source = compilers.folder() / "c.c", library = compilers.folder() / "c.osdi";
  write_file(source,
             "#include <stdio.h>\nconst unsigned OSDI_VERSION_MAJOR = 7, "
             "OSDI_VERSION_MINOR = 11;\n__attribute__((constructor)) void f(void) "
             "{ fopen(\"" +
                 (compilers.folder() / "ran").string() + "\", \"w\"); }\n");
  ASSERT_TRUE(run_program({c_compiler()->string(), "-shared", "-fPIC", source.string(), "-o",
                           library.string()},
                          "", 60)
                  .succeeded());
  EXPECT_EQ(osdi_version(library).text(), "7.11");
  EXPECT_FALSE(fs::exists(compilers.folder() / "ran"));
}

TEST(OsdiVersion, SaysWhatIsNoSuchLibrary) {
  const testing::StandInCompilers compilers;
  const fs::path file = compilers.folder() / "x.osdi", source = compilers.folder() / "x.c";
  EXPECT_NE(problem_with(file), "none");
  write_file(file, std::string(200, 'x'));
  EXPECT_EQ(problem_with(file), file.string() + ": expected a 64-bit ELF library, found none");
  write_file(file, "");
  EXPECT_EQ(problem_with(file), file.string() + ": expected a complete library, found none");
  write_file(source, "int unrelated = 1;\n");
  ASSERT_TRUE(run_program({c_compiler()->string(), "-shared", "-fPIC", source.string(), "-o",
                           file.string()},
                          "", 60)
                  .succeeded());
  EXPECT_EQ(problem_with(file),
            file.string() + ": expected the symbol OSDI_VERSION_MAJOR, found none");
}

// A library that was cut off anywhere, or whose bytes were turned over, is an error or another
// number, never a crash.
TEST(OsdiVersion, SurvivesDamage) {
  const std::string whole = read_file(OsdiLibrary(testing::static_curve()).file());
  const testing::StandInCompilers compilers;
  const fs::path file = compilers.folder() / "x.osdi";
  for (std::size_t length = 0; length < whole.size(); length += 997) {
    write_file(file, whole.substr(0, length));
    const std::string problem = problem_with(file);  // what is at the end may not be needed
    if (length < whole.size() / 2) {
      EXPECT_NE(problem, "none") << length;
    }
  }
  for (std::size_t at = 0; at < 1200; at += 7) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
    write_file(file, damaged);
    problem_with(file);
  }
}

}  // namespace
}  // namespace psi_xlstm::hdl
