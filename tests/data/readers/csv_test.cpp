#include "psi_xlstm/data/readers/csv.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

Record written_wave(const std::string& id, double scale) {
  Record record;
  record.id = id;
  record.voltage.resize(1);
  record.current.resize(1);
  for (int i = 0; i < 50; ++i) {
    record.time.push_back(i * 0.1e-6);
    record.voltage[0].push_back(std::sin(i * 0.3));
    record.current[0].push_back(scale * std::sin(i * 0.3 + 0.1));
  }
  return record;
}

TEST(CsvText, HasOnlyTheColumnsThatAreNeeded) {
  Record record = written_wave("a", 1);
  const auto head = [](const std::vector<Record>& records) {
    const std::string text = csv_text(records);
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(head({record}), "time_s,voltage_V,current_A");
  record.initial_conductance = 1;
  EXPECT_EQ(head({record}), "time_s,voltage_V,current_A,initial_conductance_S");
  EXPECT_EQ(head({record, written_wave("b", 1)}), "record,time_s,voltage_V,current_A");
}

TEST(CsvText, RefusesRecordsWithSeveralPorts) {
  Record record = written_wave("mos", 1);
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
