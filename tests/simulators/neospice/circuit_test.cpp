// Circuits of a user's own in neospice.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "cosimulation/circuit_cosimulation.hpp"
#include "simulators/neospice/neospice.hpp"
#include "support/needs_simulators.hpp"
#include "support/networks.hpp"
#include "support/trained_networks.hpp"

namespace psi_xlstm {
namespace {

TEST(NeospiceCircuits, AreWhatTheReferenceSays) {
  if (!testing::has_simulator(Neospice::found())) GTEST_SKIP() << "no neospice";
  const ir::Network network = testing::published_student();
  const Circuit circuit = parse_circuit(
      "t\nv1 a 0 sin(0 1.2 20k)\nr1 a b 500\n.subckt cell p n\nx1 p n device g0=3e-4\n.ends\n"
      "xc b c cell\nx2 c 0 device\nc1 c 0 1n\n.tran 50n 100u 0 50n\n",
      "pair", network);
  const std::unique_ptr<Simulator> simulators[] = {std::make_unique<Neospice>()};
  const CosimReport report = cosimulate_circuit(network, circuit, {}, simulators);
  EXPECT_TRUE(report.verdict().passed()) << report.verdict().reason;
  EXPECT_GE(report.rows().size(), 2U);
}

// Of two currents and one voltage at two points something is missing each time.
TEST(NeospiceCircuits, AnAnswerThatIsNotWholeIsAReason) {
  const ir::Network network = testing::one_state();
  const Circuit circuit =
      parse_circuit("t\nv1 a 0 1\nx1 a 0 device\n.tran 10n 1u\n", "short", network);
  for (const char* values :
       {R"("sources": [[0, 1]], "nodes": [[0, 1]])", R"("sources": [[0, 1], [0, 1]], "nodes": [])",
        R"("sources": [[0, 1], [0]], "nodes": [[0, 1]])",
        R"("sources": [[0, 1], [0, 1]], "nodes": [[0]])"}) {
    const testing::StandInProgram program(
        std::string("echo '{\"axis\": [0, 1], \"current\": [0, 1], ") + values + "}'");
    const CircuitRun run = Neospice(program.file())
                               .circuit(circuit, {network, EmittedForm::kSubcircuit},
                                        {.stop_time = 1e-6, .max_step = 1e-8});
    EXPECT_EQ(run.reason, "neospice did not give every current and voltage at every point")
        << values;
  }
}

}  // namespace
}  // namespace psi_xlstm
