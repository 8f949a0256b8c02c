// IC-CAP .mdm and Touchstone: records of several ports, DC and AC.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <complex>
#include <string>
#include <vector>

#include "data/readers/s_parameters.hpp"
#include "psi_xlstm/data/readers/reading.hpp"
#include "support/data_folder.hpp"

namespace psi_xlstm {
namespace {

using Complex = std::complex<double>;

const std::string kMdmHead =
    "! VERSION = 6.00\nBEGIN_HEADER\n ICCAP_INPUTS\n"
    "  vd   V  D GROUND SMU_D 0.1 LIN  1  0  1  3  0.5\n"
    "  vg   V  G GROUND SMU_G 0.001 LIN  2  0.5  1  2  0.5\n"
    "  vs   V  S GROUND SMU_S 0.1 CON 0\n ICCAP_OUTPUTS\n"
    "  id   I  D GROUND SMU_D M\n  ig   I  G GROUND SMU_G M\n ICCAP_VALUES\n  TEMP \"27\"\n"
    "END_HEADER\n";

std::string mdm_dc_file() {
  std::string text = kMdmHead;
  for (double vg : {0.5, 1.0}) {
    text += fmt::format("\nBEGIN_DB\n ICCAP_VAR vg  {}\n ICCAP_VAR vs  -0\n\n #vd  id  ig\n", vg);
    for (double vd : {0.0, 0.5, 1.0}) text += fmt::format("  {} {}e-003 1e-012\n", vd, vg * vd);
    text += "END_DB\n";
  }
  return text;
}

TEST(Mdm, GivesADcRecordForEveryBlock) {
  const testing::DataFolder folder;
  const auto file = folder.write("mos.mdm", mdm_dc_file());
  const Reading reading = read_recording(file, {.transient_required = false});
  EXPECT_EQ(reading.format, "IC-CAP .mdm");
  ASSERT_EQ(reading.problem, "");
  ASSERT_EQ(reading.records.size(), 2U);
  const Record& second = reading.records[1];
  EXPECT_EQ(second.id, "mos/vg=1,vs=-0");
  EXPECT_EQ(second.kind, RecordKind::kDc);
  EXPECT_EQ(second.ports, (std::vector<std::string>{"d", "g"}));
  EXPECT_EQ(second.voltage, (std::vector<std::vector<double>>{{0, 0.5, 1}, {1, 1, 1}}));
  EXPECT_EQ(second.current,
            (std::vector<std::vector<double>>{{0, 0.5e-3, 1e-3}, {1e-12, 1e-12, 1e-12}}));
  EXPECT_TRUE(second.time.empty());
  ASSERT_EQ(reading.columns.size(), 5U);
  EXPECT_EQ(reading.columns[3].name, "vg");
  EXPECT_EQ(reading.columns[3].greatest, 1);
  EXPECT_EQ(folder.without_folder(read_recording(file).problem),
            "mos.mdm: expected a voltage and a current against time, found DC data (IC-CAP .mdm), "
            "which is not fitted against time");
}

// S parameters of two conductances to ground and one between the ports, against 50 ohm.
std::vector<Complex> scattering_of(const std::vector<Complex>& y, double z0) {
  std::vector<Complex> plus = y, minus = y, s(4);
  for (std::size_t i = 0; i < 4; ++i) {
    const double one = i % 3 == 0 ? 1 : 0;
    plus[i] = one + z0 * y[i];
    minus[i] = one - z0 * y[i];
  }
  const std::vector<Complex> inverted = inverse(plus);
  s[0] = minus[0] * inverted[0] + minus[1] * inverted[2];
  s[1] = minus[0] * inverted[1] + minus[1] * inverted[3];
  s[2] = minus[2] * inverted[0] + minus[3] * inverted[2];
  s[3] = minus[2] * inverted[1] + minus[3] * inverted[3];
  return s;
}

std::vector<Complex> two_port(double f) {
  const Complex coupling(1e-4, 6.283185307179586 * f * 1e-14), gm(0.02, -1e-3);
  return {Complex(1e-3, 2e-4) + coupling, -coupling, gm - coupling, Complex(2e-3, 1e-4) + coupling};
}

void expect_same(const std::vector<Complex>& found, const std::vector<Complex>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(std::abs(found[i] - expected[i]), 0, 1e-9 * std::abs(expected[i])) << i;
  }
}

TEST(Mdm, GivesAnAcRecordForEveryScatteringMatrix) {
  const testing::DataFolder folder;
  std::string text =
      "BEGIN_HEADER\n ICCAP_INPUTS\n  freq F LIST 1 2 1e+009 2e+009\n"
      "  vb V B GROUND SMU_B 0.1 LIN 2 0.8 0.9 2 0.1\n  vc V C GROUND SMU_C 0.1 SYNC 1 0 vb\n"
      " ICCAP_OUTPUTS\n  S S B C NWA M\n  S_deemb S B C NWA M\nEND_HEADER\n";
  for (double vb : {0.8, 0.9}) {
    text += fmt::format("BEGIN_DB\n ICCAP_VAR vb {0}\n ICCAP_VAR vc {0}\n #freq", vb);
    for (const char* name : {"S", "S_deemb"}) {
      for (const char* e : {"(1,1)", "(1,2)", "(2,1)", "(2,2)"}) {
        text += fmt::format(" R:{0}{1} I:{0}{1}", name, e);
      }
    }
    text += "\n";
    for (double f : {1e9, 2e9}) {
      text += fmt::format(" {:.3e}", f);
      for (double scale : {vb, 2 * vb}) {
        std::vector<Complex> y = two_port(f);
        for (Complex& value : y) value *= scale;
        for (const Complex& s : scattering_of(y, 50)) {
          text += fmt::format(" {:.15e} {:.15e}", s.real(), s.imag());
        }
      }
      text += "\n";
    }
    text += "END_DB\n";
  }
  const Reading reading =
      read_recording(folder.write("hbt.mdm", text), {.transient_required = false});
  ASSERT_EQ(reading.problem, "");
  ASSERT_EQ(reading.records.size(), 4U);
  EXPECT_EQ(reading.records[3].id, "hbt/vb=0.9,vc=0.9/S_deemb");
  EXPECT_EQ(reading.records[3].kind, RecordKind::kAc);
  EXPECT_EQ(reading.records[3].ports, (std::vector<std::string>{"b", "c"}));
  const AdmittancePoint& point = reading.records[3].admittance.at(1);
  EXPECT_EQ(point.frequency, 2e9);
  EXPECT_EQ(point.bias, (std::vector<double>{0.9, 0.9}));
  std::vector<Complex> expected = two_port(2e9);
  for (Complex& value : expected) value *= 1.8;
  expect_same(point.admittance, expected);
}

TEST(Mdm, SaysWhichOutputsMakeNoRecord) {
  const testing::DataFolder folder;
  const auto file = folder.write(
      "cv.mdm",
      "BEGIN_HEADER\nICCAP_INPUTS\nvd V D B CMU 0 LIN 1 0 1 2 1\nICCAP_OUTPUTS\ncbd C B D CM M\n"
      "END_HEADER\nBEGIN_DB\n#vd cbd\n0 1e-15\n1 2e-15\nEND_DB\n");
  const Reading reading = read_recording(file, {.transient_required = false});
  EXPECT_EQ(folder.without_folder(reading.problem),
            "cv.mdm: expected a voltage and a current of one terminal (vd, id), or S parameters, "
            "found the outputs \"cbd\" (a capacitance)");
  EXPECT_EQ(reading.columns.at(1).greatest, 2e-15);
}

// One text for every form of numbers, of the same two-port.
std::string touchstone_file(char parameter, const std::string& form, bool second_version) {
  std::string text = "! made by hand\n";
  if (second_version) text += "[Version] 2.0\n";
  text += fmt::format("# GHz {} {} R 75\n", parameter, form);
  if (second_version) {
    text += "[Number of Ports] 2\n[Two-Port Data Order] 12_21\n[Network Data]\n";
  }
  for (double f : {1e9, 2e9, 3e9}) {
    std::vector<Complex> m = two_port(f);
    if (parameter == 'S') m = scattering_of(m, 75);
    if (parameter == 'Z') m = inverse(m);
    const double norm = parameter == 'S' || second_version ? 1 : parameter == 'Y' ? 75 : 1.0 / 75;
    if (!second_version) std::swap(m[1], m[2]);
    text += fmt::format("{}", f / 1e9);
    for (const Complex& value : m) {
      const Complex x = norm * value;
      const double size = form == "DB" ? 20 * std::log10(std::abs(x)) : std::abs(x);
      text += form == "RI"
                  ? fmt::format(" {:.16e} {:.16e}", x.real(), x.imag())
                  : fmt::format(" {:.16e} {:.16e}", size, std::arg(x) * 180 / 3.141592653589793);
    }
    text += " ! point\n";
  }
  return text + (second_version ? "[End]\n" : "1 2 0.5 100 0.3\n2 2 0.5 110 0.3\n");
}

TEST(Touchstone, GivesTheSameAdmittancesFromEveryForm) {
  const testing::DataFolder folder;
  for (char parameter : {'S', 'Y', 'Z'}) {
    for (const char* form : {"RI", "MA", "DB"}) {
      for (bool second : {false, true}) {
        SCOPED_TRACE(fmt::format("{} {} {}", parameter, form, second));
        const auto file = folder.write("hbt.s2p", touchstone_file(parameter, form, second));
        const Reading reading = read_recording(file, {.transient_required = false});
        EXPECT_EQ(reading.format, "Touchstone, 2 ports");
        ASSERT_EQ(reading.problem, "");
        ASSERT_EQ(reading.records.size(), 1U);
        ASSERT_EQ(reading.records[0].admittance.size(), 3U);
        EXPECT_EQ(reading.records[0].ports.size(), 2U);
        EXPECT_EQ(reading.records[0].admittance[2].frequency, 3e9);
        expect_same(reading.records[0].admittance[2].admittance, two_port(3e9));
        EXPECT_EQ(reading.remarks.size(), second ? 0U : 1U);
      }
    }
  }
}

// S refers to the resistance of [Reference], where there is one.
TEST(Touchstone, TakesTheReferenceOfItsSecondVersion) {
  const testing::DataFolder folder;
  const std::string rest = "[Network Data]\n1 0.5 0\n2 0.5 0\n[End]\n";
  const auto file = folder.write("r.s1p",
                                 "[Version] 2.0\n# MHz S RI R 50\n[Number of Ports] 1\n"
                                 "[Reference] 75\n" +
                                     rest);
  const Reading reading = read_recording(file, {.transient_required = false});
  ASSERT_EQ(reading.records.size(), 1U);
  EXPECT_NEAR(std::abs(reading.records[0].admittance[1].admittance[0] - 1.0 / 225), 0, 1e-15);
  const auto wrong = folder.write("w.s1p",
                                  "[Version] 2.0\n# MHz S RI R 50\n[Number of Ports] 1\n"
                                  "[Reference]\n75\n" +
                                      rest);
  EXPECT_THROW(read_recording(wrong, {.transient_required = false}), DataError);
}

// What it says below the numbers would mean them, too.
TEST(Touchstone, RefusesKeywordsBelowTheNumbersTheyAreAbout) {
  const testing::DataFolder folder;
  for (const std::string keyword :
       {"[Number of Ports] 2", "[Reference] 75", "[Version] 2.0", "[Two-Port Data Order] 12_21"}) {
    const auto file = folder.write(
        "r.s1p", "[Version] 2.0\n# MHz Y RI R 50\n[Number of Ports] 1\n[Network Data]\n1 0.5 0\n" +
                     keyword + "\n[Network Data]\n2 0.5 0\n");
    const std::string name = keyword.substr(0, keyword.find(']') + 1);
    try {
      read_recording(file, {.transient_required = false});
      ADD_FAILURE() << keyword;
    } catch (const DataError& e) {
      EXPECT_EQ(std::string(e.what()), file.string() + ":6: expected " + name +
                                           " above the numbers it is about, found it below");
    }
  }
}

TEST(Touchstone, ReadsOnePort) {
  const testing::DataFolder folder;
  const auto file = folder.write("r.s1p", "# MHz S RI R 50\n1 0.5 0\n2 0.5 0\n");
  const Reading reading = read_recording(file, {.transient_required = false});
  ASSERT_EQ(reading.records.size(), 1U);
  EXPECT_EQ(reading.records[0].id, "r");
  EXPECT_EQ(reading.records[0].admittance[0].frequency, 1e6);
  EXPECT_NEAR(std::abs(reading.records[0].admittance[1].admittance[0] - 1.0 / 150), 0, 1e-15);
}

}  // namespace
}  // namespace psi_xlstm
