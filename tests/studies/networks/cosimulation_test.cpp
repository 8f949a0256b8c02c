#include "studies/networks/cosimulation.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "config/networks.hpp"
#include "model/model.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/ngspice.hpp"
#include "support/network_stock.hpp"

namespace psi_xlstm {
namespace {

// Without a compiled model nothing of a recurrent network is compared with a limit.
TEST(CosimulateNetwork, IsNotVerifiedWhereThereIsNoCompiler) {
  NetworkConfig config;
  config.kind = NetworkKind::kClustering;
  const StoredNetwork stored = testing::drawn_network(config, "known_start", 1);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  std::vector<std::unique_ptr<Simulator>> simulators;
  simulators.push_back(std::make_unique<Ngspice>());
  const NetworkCosimReport found = cosimulate_network(*model::of(stored), {}, 2e-4, simulators);
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_FALSE(found.report.rows().empty());
  EXPECT_EQ(found.report.verdict().verdict, Verdict::kNotVerified);
  EXPECT_EQ(found.report.verdict().reason,
            "ngspice, osdi: not run: there is no C compiler (CC, cc, gcc or clang)");
}

// Reads subcircuits alone, and gives no result.
class ReadsSubcircuits : public Ngspice {
 public:
  EmittedModel prepared(const ir::Network& network, EmittedForm form) const override {
    if (form != EmittedForm::kSubcircuit) throw SpiceError("it reads no compiled models");
    return {network, form};
  }
  DeviceTransient transient(const EmittedModel&,
                            const TestCircuit&,
                            const TransientSettings&) const override {
    DeviceTransient none;
    none.reason = "it gives no result";
    return none;
  }
};

// The frozen copy has a form that the simulator reads.
TEST(CosimulateNetwork, TakesTheControlInAFormThatIsRead) {
  NetworkConfig config;
  config.kind = NetworkKind::kLowRank;
  const StoredNetwork stored = testing::drawn_network(config, "known_start", 1);
  std::vector<std::unique_ptr<Simulator>> simulators;
  simulators.push_back(std::make_unique<ReadsSubcircuits>());
  const NetworkCosimReport found =
      cosimulate_network(*model::of(stored), {}, 2e-4, simulators, {"subcircuit"});
  ASSERT_FALSE(found.report.checks.empty());
  EXPECT_EQ(found.report.checks.back().stimulus, "negative control: state frozen");
  EXPECT_EQ(found.report.checks.back().path, "subcircuit");
}

}  // namespace
}  // namespace psi_xlstm
