#include "simulators/ngspice/worker_session.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "jobs/worker_process.hpp"

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
  WorkerMessage request{.header = request_header({}), .values = {}};
  request.header["library"] = "libno_such_spice.so";
  WorkerSession session([](const WorkerMessage&) {});
  const json reply = session.run(request).header;
  EXPECT_EQ(reply.at("kind"), "reply");
  EXPECT_EQ(reply.at("state"), "library");
  EXPECT_NE(reply.at("detail").get<std::string>().find("libno_such_spice.so"), std::string::npos);
}

TEST(WorkerSession, SaysThatALibraryIsNotNgspice) {
  WorkerMessage request{.header = request_header({}), .values = {}};
  request.header["library"] = "libm.so.6";
  WorkerSession session([](const WorkerMessage&) {});
  const json reply = session.run(request).header;
  EXPECT_EQ(reply.at("state"), "library");
  EXPECT_NE(reply.at("detail").get<std::string>().find("it has no function"), std::string::npos);
}

TEST(WorkerSession, SendsEveryPrintedLineWithoutItsPrefix) {
  std::vector<std::string> lines;
  WorkerSession session([&lines](const WorkerMessage& message) {
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
  WorkerMessage request{.header = request_header({"* title", "r1 a 0 1k", ".end"}), .values = {}};
  request.header["tables"] = {{{"source", "v1"}, {"points", 2}}};
  const auto outcome = run_worker(request, {});
  EXPECT_EQ(outcome.reason,
            "ngspice ended with exit status 1 before it gave a result: psi_ngspice_worker: a table "
            "of the request has fewer numbers than points");
}

}  // namespace
}  // namespace psi_xlstm
