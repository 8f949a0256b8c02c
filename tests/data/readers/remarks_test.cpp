#include "data/readers/remarks.hpp"

#include <gtest/gtest.h>

namespace psi_xlstm {
namespace {

TEST(WithoutFolder, LeavesTheNameOfTheFileThatARemarkOpensWith) {
  const std::vector<std::string> files = {"/home/x/w3.csv", "w4.csv", "../data/w5.csv"};
  EXPECT_EQ(without_folder("/home/x/w3.csv: passed over 2 lines", files),
            "w3.csv: passed over 2 lines");
  EXPECT_EQ(without_folder("../data/w5.csv:4: column \"run\" tells 6 records", files),
            "w5.csv:4: column \"run\" tells 6 records");
  EXPECT_EQ(without_folder("w4.csv: 2 parts", files), "w4.csv: 2 parts");
  EXPECT_EQ(without_folder("/home/x/w3.csv_old: 2 parts", files), "/home/x/w3.csv_old: 2 parts");
}

}  // namespace
}  // namespace psi_xlstm
