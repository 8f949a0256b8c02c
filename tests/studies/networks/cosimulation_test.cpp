#include "studies/networks/cosimulation.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "config/networks.hpp"
#include "model/model.hpp"
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

}  // namespace
}  // namespace psi_xlstm
