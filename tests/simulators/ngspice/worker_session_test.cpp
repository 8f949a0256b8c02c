#include "simulators/ngspice/worker_session.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/process.hpp"
#include "hdl/osdi/library.hpp"
#include "simulators/ngspice/simulator.hpp"
#include "simulators/ngspice/worker.hpp"

namespace psi_xlstm {
namespace {

using nlohmann::json;

json request_header(const std::vector<std::string>& circuit) {
  return {{"circuit", circuit},
          {"commands", {"save v(a)", "tran 1e-8 1e-6 0 1e-8"}},
          {"scale", "time"},
          {"vectors", {"v(a)"}},
          {"tables", json::array()}};
}

TEST(WorkerSession, SaysThatALibraryCannotBeLoaded) {
  Message request{.header = request_header({}), .values = {}};
  request.header["library"] = "libno_such_spice.so";
  WorkerSession session([](const Message&) {});
  const json reply = session.run(request).header;
  EXPECT_EQ(reply.at("kind"), "reply");
  EXPECT_EQ(reply.at("state"), "library");
  EXPECT_NE(reply.at("detail").get<std::string>().find("libno_such_spice.so"), std::string::npos);
}

TEST(WorkerSession, SaysThatALibraryIsNotNgspice) {
  Message request{.header = request_header({}), .values = {}};
  request.header["library"] = "libm.so.6";
  WorkerSession session([](const Message&) {});
  const json reply = session.run(request).header;
  EXPECT_EQ(reply.at("state"), "library");
  EXPECT_NE(reply.at("detail").get<std::string>().find("it has no function"), std::string::npos);
}

// The calls of a libngspice of release 44 or later as far as a session without a circuit makes
// them: the variables of its shell exist from ngSpice_Init() on, a word before that is a crash.
const char kLibraryOfLaterReleases[] = R"(
#include <stdlib.h>
typedef int (*Print)(char*, int, void*);
static Print print;
static void* user;
int ngSpice_Init(Print p, void* s, void* e, void* d, void* i, void* b, void* u) {
  print = p, user = u;
  print("stderr Warning: can't find the initialization file spinit.", 0, user);
  return print("stdout ** ngspice-44.2 shared library", 0, user);
}
int ngSpice_nospiceinit(void) { return print ? 0 : (abort(), 1); }
int ngSpice_Init_Sync(void* v, void* i, void* s, int* n, void* u) { return 0; }
int ngSpice_Command(char* command) {
  return command[0] == 'o' ? print("stderr Error opening osdi lib \"no_such_device\"", 0, user) : 0;
}
int ngSpice_Circ(char** lines) { return 0; }
void* ngGet_Vec_Info(char* name) { return 0; }
char* ngSpice_CurPlot(void) { return "const"; }
char** ngSpice_AllVecs(char* plot) { return 0; }
)";

class LaterRelease : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file(folder_ / "ngspice.c", kLibraryOfLaterReleases);
    ASSERT_TRUE(run_program({hdl::c_compiler()->string(), "-shared", "-fPIC",
                             (folder_ / "ngspice.c").string(), "-o", library_.string()},
                            "", 60)
                    .succeeded());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / "psi_later_ngspice";
  const std::filesystem::path library_ = folder_ / "libngspice.so.0";
};

TEST_F(LaterRelease, IsToldNothingBeforeItIsInitialised) {
  const SimulatorInfo info = simulator_info({.library = library_.string()});
  EXPECT_EQ(info.version, "ngspice-44.2 shared library");
  EXPECT_TRUE(info.has_osdi);
}

// What the library says of itself while it starts is no message of a simulation.
TEST_F(LaterRelease, WarnsOfNothingThatConcernsItsStartOnly) {
  json request = request_header({});
  request["library"] = library_.string();
  request["commands"] = request["osdi"] = json::array();
  std::vector<std::string> lines;
  WorkerSession session(
      [&lines](const Message& message) { lines.push_back(message.header.dump()); });
  EXPECT_EQ(session.run({.header = request, .values = {}}).header.at("state"), "done");
  for (const std::string& line : lines) EXPECT_EQ(line.find("spinit"), line.npos) << line;
  EXPECT_FALSE(lines.empty());
}

TEST(WorkerSession, SendsEveryPrintedLineWithoutItsPrefix) {
  std::vector<std::string> lines;
  WorkerSession session([&lines](const Message& message) {
    EXPECT_EQ(message.header.at("kind"), "text");
    lines.push_back(message.header.at("text").get<std::string>());
  });
  session.take_line("stdout all is well");
  session.take_line("stderr Error: nothing is");
  session.take_line("x");
  EXPECT_EQ(lines, (std::vector<std::string>{"all is well", "Error: nothing is", ""}));
}

TEST(WorkerSession, AnExternalSourceWithoutATableFailsTheAnalysis) {
  const auto outcome = run_worker(
      {.header = request_header({"* title", "v1 a 0 external", "r1 a 0 1k", ".end"}), .values = {}},
      {});
  ASSERT_TRUE(outcome.reply.has_value()) << outcome.reason;
  EXPECT_EQ(outcome.reply->header.at("state"), "analysis");
  EXPECT_EQ(outcome.reply->header.at("detail"), "the external source v1 has no table");
}

TEST(WorkerSession, AnIncompleteRequestEndsTheWorkerWithAReason) {
  Message request{.header = request_header({"* title", "r1 a 0 1k", ".end"}), .values = {}};
  request.header["tables"] = {{{"source", "v1"}, {"points", 2}}};
  const auto outcome = run_worker(request, {});
  EXPECT_EQ(outcome.reason,
            "ngspice ended with exit status 1 before it gave a result: a table "
            "of the request has fewer numbers than points");
}

}  // namespace
}  // namespace psi_xlstm
