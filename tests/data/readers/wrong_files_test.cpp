// Files that cannot be read, each with the one sentence that says so.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/data/readers/reading.hpp"
#include "support/data_folder.hpp"

namespace psi_xlstm {
namespace {

struct WrongFile {
  std::string what;
  std::string name;
  std::string bytes;
  std::string sentence;
  ReadOptions options = {};
};

// `count` rows "prefix,i,i+1,2i".
std::string counted(int count, const std::string& prefix = "", int first = 0) {
  std::string text;
  for (int i = first; i < first + count; ++i) {
    text += fmt::format("{}{},{},{}\n", prefix, i, i + 1, 2 * i);
  }
  return text;
}

// `count` rows of one text.
std::string same_rows(int count, const std::string& row) {
  std::string text;
  for (int i = 0; i < count; ++i) text += fmt::format("{},{}\n", i, row);
  return text;
}

std::vector<WrongFile> files_that_are_no_table() {
  return {
      {"nothing", "a.csv", "",
       "a.csv: expected a header line such as time_s,voltage_V,current_A, found an empty file"},
      {"blank lines", "a.csv", "\n \n\t\n",
       "a.csv: expected a header line such as time_s,voltage_V,current_A, found only comments and "
       "blank lines"},
      {"comments", "a.csv", "# nothing\n# here\n",
       "a.csv: expected a header line such as time_s,voltage_V,current_A, found only comments and "
       "blank lines"},
      {"a letter", "a.txt", "Dear Sir,\nplease find the data enclosed.\n",
       "a.txt:1: expected a header line such as time_s,voltage_V,current_A and rows of two numbers "
       "or "
       "more below it, found no such rows; the first line with text is \"Dear Sir,\""},
      {"one column", "a.txt", "current\n1\n2\n3\n",
       "a.txt:1: expected a header line such as time_s,voltage_V,current_A and rows of two numbers "
       "or "
       "more below it, found no such rows; the first line with text is \"current\""},
      {"a page", "a.csv", "<!DOCTYPE html>\n<html><body>Not found</body></html>\n",
       "a.csv:1: expected a header line such as time_s,voltage_V,current_A and rows of two numbers "
       "or "
       "more below it, found no such rows; the first line with text is \"<!DOCTYPE html>\""},
      {"NUL bytes", "a.bin", std::string("ab\0cd\n", 6),
       "a.bin:1: expected plain text, found a NUL byte"},
      {"NUL bytes below text", "a.csv", "t,v,i\n" + counted(60) + std::string(5, '\0'),
       "a.csv:62: expected plain text, found a NUL byte"},
      {"a long line", "a.csv", "t,v,i\n" + std::string(70'000, '1') + "\n",
       "a.csv:2: expected lines of at most 64 KiB, found a longer one"},
      {"a spreadsheet", "a.xlsx", std::string("PK\x03\x04\x14\0\x06\0", 8),
       "a.xlsx:1: expected plain text, found a NUL byte"},
      {"an open quote in the header", "a.csv", "t,\"v,i\n1,2,3\n",
       "a.csv:1: expected a closing quote, found the end of the line"},
      {"a header alone", "a.csv", "t,v,i\n# nothing\n",
       "a.csv:1: expected samples below the header, found the end of the file"},
  };
}

std::vector<WrongFile> files_without_what_is_needed() {
  return {
      {"no names", "a.csv", counted(60),
       "a.csv:1: expected names above the columns such as time_s,voltage_V,current_A, found 3 "
       "columns "
       "without names; they are given by --columns t,v,i"},
      {"no names, blanks", "a.dat", "0.1 0.2\n0.3 0.4\n",
       "a.dat:1: expected names above the columns such as time_s,voltage_V,current_A, found 2 "
       "columns "
       "without names; they are given by --columns t,v,i or --columns v,i --sweep-rate V/s"},
      {"no known names", "a.csv", "a,b,c\n1,2,3\n4,5,6\n",
       "a.csv:1: expected a time column such as time_s, found the columns \"a\", \"b\", \"c\"; "
       "--time "
       "names one, --sweep-rate V/s makes one where the voltage was swept"},
      {"no time", "a.csv", "v,i\n" + same_rows(60, "1"),
       "a.csv:1: expected a time column such as time_s, found the columns \"v\", \"i\"; --time "
       "names "
       "one, --sweep-rate V/s makes one where the voltage was swept"},
      {"no voltage", "a.csv", "t,i\n" + same_rows(60, "1"),
       "a.csv:1: expected a voltage column such as voltage_V, found the columns \"t\", \"i\"; "
       "--voltage names one"},
      {"no current", "a.csv", "t,v\n" + same_rows(60, "1"),
       "a.csv:1: expected a current column such as current_A, found the columns \"t\", \"v\"; "
       "--current names one, with --shunt OHM a voltage over that resistance"},
      {"a resistance over time, named by a comment", "a.csv",
       "# resistance (ohms),time (s),res min\n1e7,0,1e6\n1.1e7,40,1e6\n",
       "a.csv:1: expected a voltage column such as voltage_V, found the columns \"resistance "
       "(ohms)\", "
       "\"time (s)\", \"res min\"; --voltage names one"},
      {"many columns", "a.csv", "a,b,c,d,e,f,g,h,j,k\n1,2,3,4,5,6,7,8,9,10\n",
       "a.csv:1: expected a time column such as time_s, found the columns \"a\", \"b\", \"c\", "
       "\"d\", "
       "\"e\", \"f\", \"g\", \"h\", ...; --time names one, --sweep-rate V/s makes one where the "
       "voltage was swept"},
      {"two ports", "a.csv", "t,v1,i1,v2,i2\n1,2,3,4,5\n",
       "a.csv:1: expected one voltage column (more than one port is not supported yet), found "
       "\"v1\" "
       "and \"v2\"; --voltage names one, or a difference of two"},
      {"two currents", "a.csv", "t,v,i,id\n1,2,3,4\n",
       "a.csv:1: expected one current column (more than one port is not supported yet), found "
       "\"i\" "
       "and \"id\"; --current names one, or a difference of two"},
      {"one quantity twice", "a.csv", "t,v,voltage_mV,i\n1,2,3,4\n",
       "a.csv:1: expected one voltage column, found \"v\" and \"voltage_mV\"; --voltage names one, "
       "or "
       "a difference of two"},
      {"two times", "a.csv", "time_s,t,v,i\n0,1,2,3\n",
       "a.csv:1: expected one time column, found \"time_s\" and \"t\"; --time names one"},
      {"channels of an oscilloscope", "a.csv", "x-axis,1,2\nsecond,Volt,Volt\n0,1,2\n1,2,3\n",
       "a.csv:1: expected one voltage column (more than one port is not supported yet), found "
       "\"1\" "
       "and \"2\" and no current; where one is over a shunt: --shunt OHM --voltage 2-1 "
       "--current "
       "1"},
      {"an unknown unit", "a.csv", "t,voltage [dB],i\n1,2,3\n",
       "a.csv:1: column \"voltage [dB]\": expected a unit among V, mV, uV, nV, kV, found \"dB\""},
      {"mega for milli", "a.csv", "t,voltage_MV,i\n1,2,3\n",
       "a.csv:1: column \"voltage_MV\": expected a unit among V, mV, uV, nV, kV, found \"MV\""},
  };
}

std::vector<WrongFile> files_with_wrong_rows() {
  return {
      {"a field too few", "a.csv", "t,v,i\n1,2,3\n2,3\n",
       "a.csv:3: expected 3 fields as in the header, found 2"},
      {"a field too many", "a.csv", "t,v,i\n1,2,3,4\n",
       "a.csv:2: expected 3 fields as in the header, found 4"},
      {"rows of numbers that grow", "a.csv", counted(60) + "1,2,3,4\n",
       "a.csv:61: expected 3 fields as in the first row, found 4"},
      {"print of ngspice, a row cut off", "a.txt",
       "-----------\nIndex   time  v(p)  i(vm)\n-----------\n0\t0\t1\t2\n1\t1\t1\n2\t2\t1\t2\n",
       "a.txt:5: expected 4 fields as in the header, found 3"},
      {"an open quote", "a.csv", "t,v,i\n1,2,\"3\n",
       "a.csv:2: expected a closing quote, found the end of the line"},
      {"a word", "a.csv", "t,v,i\n0,1,2\n1,abc,2\n",
       "a.csv:3: column \"v\": expected a number, found \"abc\""},
      {"an empty cell", "a.csv", "t,v,i\n0,,2\n",
       "a.csv:2: column \"v\": expected a number, found an empty cell"},
      {"not a number", "a.csv", "t,v,i\n0,1,nan\n",
       "a.csv:2: column \"i\": expected a finite number, found \"nan\""},
      {"infinity", "a.csv", "t,v,i\n-inf,1,2\n",
       "a.csv:2: column \"t\": expected a finite number, found \"-inf\""},
      {"too large for a double", "a.csv", "t,v,i\n0,1,1e400\n",
       "a.csv:2: column \"i\": expected a finite number, found \"1e400\""},
      {"an overflow of an instrument", "a.csv", "t,v,i\n0,1,9.91e37\n",
       "a.csv:2: column \"i\": expected a number of at most 1e+30, found \"9.91e37\""},
      {"escape sequences", "a.csv", "t,v,i\n0,1,\x1B[2J" + std::string(60, 'z') + "\n",
       "a.csv:2: column \"i\": expected a number, found \"?[2J" + std::string(36, 'z') + "\""},
      {"two decimal marks", "a.csv", "t;v;i\n0;1,5;2.5\n1;2,5;3.5\n",
       "a.csv: expected decimal points or decimal commas, found both, points in column \"i\" and "
       "commas "
       "in column \"v\""},
      {"separators of thousands", "a.csv", "t;v;i\n0;1;1,234,567\n",
       "a.csv:2: column \"i\": expected a number, found \"1,234,567\""},
      {"a time twice", "a.csv", "time_us,v,i\n0,1,2\n0.5,1,2\n0.5,1,2\n0.6,1,2\n",
       "a.csv:4: column \"time_us\": expected a time that increases within a record, found 0.5 "
       "after "
       "0.5"},
      {"a coarse clock", "a.csv",
       "t,v,i\n" + counted(60) + counted(3, "", 59) + counted(3, "", 61) + counted(60, "", 63),
       "a.csv:62: column \"t\": expected a time that increases within a record, found 59 after 59"},
      {"a time that goes back", "a.csv", "t,v,i\n" + counted(60) + "3,1,1\n",
       "a.csv:62: column \"t\": expected a time that increases within a record, found 3 after 59"},
      {"one sample with a wrong time", "a.csv",
       "t,v,i\n" + counted(60) + "0,1,1\n" + counted(60, "", 61),
       "a.csv:62: column \"t\": expected a time that increases within a record, found 0 after 59"},
      {"a time that goes back within a cycle", "a.csv",
       "cycle,t,v,i\n" + counted(60, "1,") + counted(60, "1,"),
       "a.csv:62: column \"t\": expected a time that increases within a record, found 0 after 59"},
  };
}

std::vector<WrongFile> files_with_wrong_records() {
  return {
      {"few samples", "dev.csv", "t,v,i\n" + counted(49),
       "dev.csv:2: record \"dev\": expected at least 50 samples, found 49"},
      {"few samples in one record", "dev.csv",
       "cycle,t,v,i\n" + counted(50, "1,") + counted(3, "2,") + counted(50, "3,"),
       "dev.csv:52: record \"dev/2\": expected at least 20 samples, found 3"},
      {"few samples in all records", "dev.csv", "t,v,i\n" + counted(24) + counted(24),
       "dev.csv:2: 2 records together: expected at least 50 samples, found 48"},
      {"few samples after a restart", "dev.csv", "t,v,i\n" + counted(60) + counted(9),
       "dev.csv:62: record \"dev/2\": expected at least 20 samples, found 9"},
      {"no voltage at all", "dev.csv", "t,v,i\n" + same_rows(60, "0.0,1"),
       "dev.csv:2: record \"dev\": column \"v\": expected a voltage, found only zeros"},
      {"no current at all", "dev.csv", "t,v,i\n" + same_rows(60, "1,0"),
       "dev.csv:2: record \"dev\": column \"i\": expected a current, found only zeros"},
      {"a record in two places", "dev.csv",
       "cycle,t,v,i\n" + counted(50, "1,") + counted(50, "2,") + counted(50, "1,"),
       "dev.csv:102: column \"cycle\": expected each record in one block of lines, found \"1\" "
       "again"},
      {"a record without a name", "dev.csv", "cycle,t,v,i\n" + counted(50, ","),
       "dev.csv:2: column \"cycle\": expected a text of 1 to 40 characters, found an empty cell"},
      {"a conductance that changes", "dev.csv",
       "g0_mS,t,v,i\n" + counted(1, "2,") + counted(1, "3,", 1),
       "dev.csv:3: column \"g0_mS\": expected the same value throughout a record, found 3 after 2"},
      {"a conductance below zero", "dev.csv", "g0,t,v,i\n" + counted(1, "-2,"),
       "dev.csv:2: column \"g0\": expected a number > 0, found -2"},
      {"words above rows without names", "dev.csv", "Step Information\n" + counted(60),
       "dev.csv:2: expected names above the columns such as time_s,voltage_V,current_A, found 3 "
       "columns "
       "without names; they are given by --columns t,v,i"},
  };
}

std::vector<WrongFile> files_that_contradict_options() {
  const std::string two = "t,v1,v2,i\n" + same_rows(60, "1,2,3");
  return {
      {"a voltage that is not there",
       "a.csv",
       two,
       "a.csv:1: --voltage: expected a column or a difference of two, found \"v3\" among the "
       "columns "
       "\"t\", \"v1\", \"v2\", \"i\"",
       {.voltage = "v3"}},
      {"a difference that is not there",
       "a.csv",
       two,
       "a.csv:1: --voltage: expected a column or a difference of two, found \"v2-v3\" among the "
       "columns "
       "\"t\", \"v1\", \"v2\", \"i\"",
       {.voltage = "v2-v3"}},
      {"a column number too large",
       "a.csv",
       two,
       "a.csv:1: --time: expected a column, found \"5\" among the columns \"t\", \"v1\", \"v2\", "
       "\"i\"",
       {.time = "5", .voltage = "v1"}},
      {"a current as voltage",
       "a.csv",
       two,
       "a.csv:1: --voltage: expected a column with a voltage, found \"i\" with a current",
       {.voltage = "i"}},
      {"a voltage as current without a shunt",
       "a.csv",
       two,
       "a.csv:1: --current: expected a column with a current, found \"v2\" with a voltage; --shunt "
       "OHM "
       "says over which resistance",
       {.voltage = "v1", .current = "v2"}},
      {"a record column that is not there",
       "a.csv",
       two,
       "a.csv:1: --record: expected a column, found \"cycle\" among the columns \"t\", \"v1\", "
       "\"v2\", "
       "\"i\"",
       {.voltage = "v1", .record = "cycle"}},
      {"a sweep that stands still",
       "a.csv",
       "v,i\n1,2\n1,2\n1,3\n2,4\n",
       "a.csv:3: the time of the sweep: expected a time that increases within a record, found 0 "
       "after "
       "0",
       {.sweep_rate = 1}},
  };
}

std::string raw_file(const std::string& variables,
                     const std::string& points,
                     const std::string& data) {
  return "Title: t\nPlotname: Transient Analysis\nFlags: real\nNo. Variables: " + variables +
         "\nNo. Points: " + points + "\nVariables:\n\t0\ttime\ttime\n\t1\tv(p)\tvoltage\n" + data;
}

std::vector<WrongFile> wrong_files_of_simulators() {
  return {
      {"raw, cut off", "a.raw", raw_file("2", "100", "Binary:\n") + std::string(160, 'x'),
       "a.raw: expected 100 points of 2 variables as its header says, found the end of the file "
       "after "
       "10; is the simulation still running?"},
      {"raw, more points than the file has bytes", "a.raw",
       raw_file("2", "18446744073709551615", "Binary:\n") + std::string(160, 'x'),
       "a.raw: expected 18446744073709551615 points of 2 variables as its header says, found the "
       "end "
       "of the file after 10; is the simulation still running?"},
      {"raw, no data", "a.raw", raw_file("2", "3", ""),
       "a.raw: expected \"Binary:\" or \"Values:\" in the header of a SPICE raw file, found the "
       "end of "
       "the file"},
      {"raw, no points", "a.raw", raw_file("2", "0", "Binary:\n"),
       "a.raw: expected points below the header of a SPICE raw file, found none"},
      {"raw, many variables", "a.raw", raw_file("99999999", "3", "Binary:\n"),
       "a.raw: expected 1 to 100000 variables in the header of a SPICE raw file, found 99999999"},
      {"raw, a count that is none", "a.raw", raw_file("two", "3", "Binary:\n"),
       "a.raw: expected the number of variables in the header of a SPICE raw file, found \"two\""},
      {"raw, fewer variables than it says", "a.raw", raw_file("3", "3", "Binary:\n"),
       "a.raw: expected number, name and type of a variable in the header of a SPICE raw file, "
       "found "
       "\"Binary:\""},
      {"raw, a word", "a.raw", raw_file("2", "2", "Values:\n0\t0.0\n\tabc\n1\t1.0\n\t2.0\n"),
       "a.raw: point 1: expected a number, found \"abc\""},
      {"raw, a point left out", "a.raw",
       raw_file("2", "2", "Values:\n0\t0.0\n\t1.0\n2\t1.0\n\t2.0\n"),
       "a.raw: point 2: expected its number 1, found \"2\""},
      {"EasyEXPERT, set-up only", "a.csv", "SetupTitle, x\nTestParameter, Channel.Mode, V\n",
       "a.csv: expected lines of DataName and DataValue, as EasyEXPERT writes them, found only its "
       "set-up"},
      {"EasyEXPERT, a value above the names", "a.csv",
       "SetupTitle, x\nTestParameter, Channel.Mode, V\nDataValue,\nDataName, Time, V1\n",
       "a.csv:3: expected names in a line DataName above, found none"},
      {"EasyEXPERT, a value too few", "a.csv",
       "SetupTitle, x\nDataName, V1, I1\nDataValue, 1, 2\nDataValue, 3\n",
       "a.csv:4: expected 2 values as in the line DataName, found 1"},
      {"Rigol, no increment", "a.csv", "X,CH1,Start,Increment,\nSequence,Volt,0,none\n0,1,,\n",
       "a.csv:2: expected the numbers of Start and Increment, found no increment > 0"},
      {"mdm, no blocks", "a.mdm", "BEGIN_HEADER\nICCAP_INPUTS\nICCAP_OUTPUTS\nEND_HEADER\n",
       "a.mdm: expected blocks between BEGIN_DB and END_DB, found none"},
      {"mdm, cut off", "a.mdm",
       "BEGIN_HEADER\nICCAP_INPUTS\nICCAP_OUTPUTS\nEND_HEADER\nBEGIN_DB\n#vd id\n1 2\n",
       "a.mdm:7: expected END_DB, found the end of the file"},
      {"mdm, a number too few", "a.mdm",
       "BEGIN_HEADER\nICCAP_INPUTS\nICCAP_OUTPUTS\nEND_HEADER\nBEGIN_DB\n#vd id\n1\nEND_DB\n",
       "a.mdm:7: expected 2 numbers as in the line of names, found 1"},
      {"mdm, a word", "a.mdm",
       "BEGIN_HEADER\nICCAP_INPUTS\nICCAP_OUTPUTS\nEND_HEADER\nBEGIN_DB\n#vd id\n1 x\nEND_DB\n",
       "a.mdm:7: expected a finite number, found \"x\""},
      {"Touchstone, three ports", "a.s3p", "# GHz S MA R 50\n1 1 0 1 0 1 0\n",
       "a.s3p:2: expected 3 numbers (one port) or 9 (two ports) for each frequency, found 7"},
      {"Touchstone, hybrid parameters", "a.s2p", "# GHz H MA R 50\n1 1 0 1 0 1 0 1 0\n",
       "a.s2p:1: expected an option line such as # GHz S MA R 50 (S, Y or Z parameters), found \"# "
       "GHz "
       "H MA R 50\""},
      {"Touchstone, frequencies that fall", "a.s1p", "# GHz S RI R 50\n2 0.1 0\n1 0.1 0\n",
       "a.s1p:3: expected frequencies that increase, found 1000000000 Hz after 2000000000 Hz"},
      {"Touchstone, a short", "a.s1p", "# GHz S RI R 50\n2 -1 0\n",
       "a.s1p:2: expected parameters that have admittances, found a short"},
      {"Touchstone, nothing", "a.s1p", "# GHz S RI R 50\n",
       "a.s1p: expected parameters at one frequency or more, found none"},
  };
}

// What `action` throws says.
template <class Action>
std::string refusal_of(const Action& action) {
  try {
    action();
  } catch (const Error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(WrongFiles, EndWithOneSentenceEach) {
  const testing::DataFolder folder;
  std::size_t count = 0;
  for (const auto& list :
       {files_that_are_no_table(), files_without_what_is_needed(), files_with_wrong_rows(),
        files_with_wrong_records(), files_that_contradict_options(), wrong_files_of_simulators()}) {
    for (const WrongFile& file : list) {
      const auto path = folder.write(file.name, file.bytes);
      const std::string found = refusal_of([&] { read_records({path}, file.options); });
      EXPECT_EQ(folder.without_folder(found), file.sentence) << file.what;
      ++count;
    }
  }
  EXPECT_GE(count, 40U);
}

TEST(WrongFiles, AreNoFilesAtAll) {
  const testing::DataFolder folder;
  const auto refusal = [&](const std::filesystem::path& path) {
    return folder.without_folder(refusal_of([&] { read_records({path}, {}); }));
  };
  EXPECT_EQ(refusal(folder.path() / "nowhere.csv"),
            "nowhere.csv: expected a readable data file, found: No such file or directory");
  std::filesystem::create_directory(folder.path() / "folder");
  EXPECT_EQ(refusal(folder.path() / "folder"), "folder: expected a data file, found a directory");
}

TEST(WrongOptions, AreSaidBeforeAnythingIsRead) {
  const auto refusal = [](const ReadOptions& options) {
    return refusal_of([&] { read_recording("/nowhere", options); });
  };
  EXPECT_EQ(refusal({.sign = 0}), "sign: expected 1 or -1, found 0");
  EXPECT_EQ(refusal({.current = "1", .shunt = -3}), "shunt: expected a number > 0, found -3");
  EXPECT_EQ(refusal({.sweep_rate = 0}), "sweep_rate: expected a number > 0, found 0");
  EXPECT_EQ(refusal({.shunt = 10}),
            "--shunt: expected --current with the voltage over the shunt beside it, found none");
}

}  // namespace
}  // namespace psi_xlstm
