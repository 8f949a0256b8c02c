#include "bench/forms_benchmark.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "hdl/verilog_a_compiler.hpp"
#include "support/needs_simulators.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

TEST(FormsBenchmark, MeasuresBothFormsAndWhatTheSimulatorNeeds) {
  if (!testing::has_simulator(Vacask::found() && hdl::verilog_a_compiler({}).has_value())) {
    GTEST_SKIP() << "no VACASK with openvaf-r";
  }
  const FormsBenchmark b =
      forms_benchmark(testing::one_state(), "a test", Vacask(),
                      {.devices = {1, 3}, .repetitions = 2, .device_steps = 600},
                      [](double, const std::string&) {});
  EXPECT_EQ(problem_of(b), "");
  EXPECT_EQ(b.difference.size(), 2U);
  ASSERT_EQ(b.speed.size(), 5U);  // one device alone has nothing to be replaced
  for (const FormSpeed& s : b.speed) {
    EXPECT_GT(s.ns_per_device_load, 0) << s.form;
    EXPECT_GT(s.ns_per_device_iteration, 0) << s.form;
    EXPECT_GT(s.loads, 200) << s.form;
  }
  const std::vector<Table> tables = forms_benchmark_tables(b, this_machine());
  ASSERT_EQ(tables.size(), 1U);
  EXPECT_EQ(tables[0].rows.size(), 5U);
  check_table(tables[0]);
}

TEST(FormsBenchmark, SaysWhatIsWrong) {
  FormsBenchmark b;
  EXPECT_EQ(problem_of(b), "expected two forms to compare, found none");
  b.difference = {{.devices = 7, .over_full_scale = 2e-9}};
  EXPECT_EQ(problem_of(b),
            "7 devices: expected the same currents of both forms to 1e-09, found 2.0e-09");
  b.failures = {"no ink"};
  EXPECT_EQ(problem_of(b), "no ink");
}

}  // namespace
}  // namespace psi_xlstm
