#include "studies/compact/tables.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace psi_xlstm {
namespace {

// A form without one transient that could be compared has no worst error: not one of 0.
TEST(CosimSummary, OfNoTransientHasNoWorstError) {
  const CosimRow compared{.path = "subcircuit",
                          .stimulus = "sine",
                          .max_abs_err_over_fs = 3e-5,
                          .correlation = 1,
                          .points = 100,
                          .limit = 2e-4,
                          .passed = true};
  const CosimRow failed{.path = "osdi", .stimulus = "sine", .limit = 2e-4, .passed = false};
  const Table table = cosim_summary_table({compared, failed}, {{"xyce", "subcircuit", "not here"}});
  ASSERT_EQ(table.rows.size(), 3U);
  using Row = std::vector<std::string>;
  EXPECT_EQ(table.rows[0], (Row{"ngspice, subcircuit", "3.0e-05", "1", "100", "0", "1 of 1"}));
  EXPECT_EQ(table.rows[1], (Row{"ngspice, osdi", "-", "0", "-", "1", "0 of 1"}));
  EXPECT_EQ(table.rows[2], (Row{"xyce, subcircuit", "not run", "-", "-", "-", "not run"}));
}

}  // namespace
}  // namespace psi_xlstm
