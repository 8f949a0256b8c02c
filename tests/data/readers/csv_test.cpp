#include "psi_xlstm/data/readers/csv.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "support/wave.hpp"

namespace psi_xlstm {
namespace {

TEST(CsvText, HasOnlyTheColumnsThatAreNeeded) {
  Record record = testing::wave("a", 1);
  const auto head = [](const std::vector<Record>& records) {
    const std::string text = csv_text(records);
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(head({record}), "time_s,voltage_V,current_A");
  record.initial_conductance = 1;
  EXPECT_EQ(head({record}), "time_s,voltage_V,current_A,initial_conductance_S");
  EXPECT_EQ(head({record, testing::wave("b", 1)}), "record,time_s,voltage_V,current_A");
}

TEST(CsvText, RefusesRecordsWithSeveralPorts) {
  Record record = testing::wave("mos", 1);
  record.voltage.push_back(record.voltage[0]);
  try {
    csv_text({record});
    FAIL() << "nothing was thrown";
  } catch (const DataError& e) {
    EXPECT_STREQ(e.what(),
                 "csv_text: expected transient records with one port, found another kind in record "
                 "\"mos\"");
  }
}

}  // namespace
}  // namespace psi_xlstm
