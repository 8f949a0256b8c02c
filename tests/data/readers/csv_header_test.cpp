#include "data/readers/csv_header.hpp"

#include <gtest/gtest.h>

#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

std::string header_refusal(std::string_view line) {
  try {
    parse_csv_header(line, "a.csv:1");
  } catch (const DataError& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(ParseCsvHeader, FindsTheColumnsInAnyOrder) {
  const CsvHeader header = parse_csv_header("current_uA,comment,voltage_V,time_ms", "a.csv:1");
  EXPECT_EQ(header.separator, ',');
  EXPECT_EQ(header.fields, 4U);
  EXPECT_EQ(header.time.position, 3U);
  EXPECT_EQ(header.time.name, "time_ms");
  EXPECT_EQ(header.time.scale, 1e-3);
  EXPECT_EQ(header.voltage.position, 2U);
  EXPECT_EQ(header.current->position, 0U);
  EXPECT_EQ(header.current->scale, 1e-6);
  EXPECT_FALSE(header.record.has_value());
  EXPECT_FALSE(header.clean_current.has_value());
  EXPECT_FALSE(header.initial_conductance.has_value());
}

TEST(ParseCsvHeader, FindsTheOptionalColumns) {
  const CsvHeader header = parse_csv_header("cycle,t,v,i,i_clean,g0_mS", "a.csv:1");
  EXPECT_EQ(header.record->position, 0U);
  EXPECT_EQ(header.clean_current->position, 4U);
  EXPECT_EQ(header.initial_conductance->position, 5U);
  EXPECT_EQ(header.initial_conductance->scale, 1e-3);
}

TEST(ParseCsvHeader, DetectsItsSeparator) {
  EXPECT_EQ(parse_csv_header("t;v;i", "").separator, ';');
  EXPECT_EQ(parse_csv_header("t\tv\ti", "").separator, '\t');
  EXPECT_EQ(parse_csv_header("\"t\" , \"v\" , \"i\"", "").separator, ',');
}

TEST(ParseCsvHeader, TakesOneNamedPort) {
  EXPECT_EQ(parse_csv_header("time,AV,AI", "").voltage.name, "AV");
  EXPECT_EQ(parse_csv_header("Time [s],CH1 [V],CH2 [A]", "").current->name, "CH2 [A]");
}

TEST(ParseCsvHeader, RefusesSeveralPorts) {
  EXPECT_EQ(header_refusal("t,v1,i1,v2,i2"),
            "a.csv:1: expected one voltage column (more than one port is not supported yet), found "
            "\"v1\" and \"v2\"");
  EXPECT_EQ(header_refusal("t,vgs,vds,id"),
            "a.csv:1: expected one voltage column (more than one port is not supported yet), found "
            "\"vgs\" and \"vds\"");
  EXPECT_EQ(header_refusal("t,v,i,id"),
            "a.csv:1: expected one current column (more than one port is not supported yet), found "
            "\"i\" and \"id\"");
}

TEST(ParseCsvHeader, RefusesAColumnThatOccursTwice) {
  EXPECT_EQ(header_refusal("t,v,voltage_mV,i"),
            "a.csv:1: expected one voltage column, found \"v\" and \"voltage_mV\"");
  EXPECT_EQ(header_refusal("time_s,time_s,v,i"),
            "a.csv:1: expected one time column, found \"time_s\" and \"time_s\"");
  EXPECT_EQ(header_refusal("cycle,sweep,t,v,i"),
            "a.csv:1: expected one record column, found \"cycle\" and \"sweep\"");
}

TEST(ParseCsvHeader, RefusesAHeaderWithoutAColumnItNeeds) {
  EXPECT_EQ(header_refusal("v,i"),
            "a.csv:1: expected a time column such as time_s, found the columns \"v\", \"i\"");
  EXPECT_EQ(header_refusal("t,i"),
            "a.csv:1: expected a voltage column such as voltage_V, found the columns \"t\", \"i\"");
  EXPECT_EQ(header_refusal("t,v"),
            "a.csv:1: expected a current column such as current_A, found the columns \"t\", \"v\"");
  EXPECT_EQ(header_refusal("hello"),
            "a.csv:1: expected a time column such as time_s, found the column \"hello\"");
  EXPECT_EQ(header_refusal("a,b,c,d,e,f,g,h,j,k"),
            "a.csv:1: expected a time column such as time_s, found the columns \"a\", \"b\", "
            "\"c\", \"d\", \"e\", \"f\", \"g\", \"h\", ...");
}

TEST(ParseCsvHeader, RefusesALineOfNumbers) {
  EXPECT_EQ(header_refusal("0.0,1.5,2e-6"),
            "a.csv:1: expected a header line such as time_s,voltage_V,current_A, found numbers");
}

TEST(ParseCsvHeader, RefusesAnOpenQuote) {
  EXPECT_EQ(header_refusal("t,\"v,i"),
            "a.csv:1: expected a closing quote, found the end of the line");
}

}  // namespace
}  // namespace psi_xlstm
