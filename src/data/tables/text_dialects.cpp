#include "data/tables/text_dialects.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "data/tables/csv_lines.hpp"

namespace psi_xlstm {
namespace {

struct Signature {
  std::string_view text;    // What one of the lines above the rows contains, in this case.
  std::string_view format;  // Whose text it is.
};

// The first that is found counts.
constexpr auto kSignatures = std::to_array<Signature>({{"QVisaDataObject", "QVisa"},
                                                       {"LECROY", "LeCroy oscilloscope"},
                                                       {"LeCroy", "LeCroy oscilloscope"},
                                                       {"WE(1).", "Autolab NOVA"},
                                                       {"Smu1.", "Keithley list"},
                                                       {"Smu2.", "Keithley list"},
                                                       {"KEITHLEY", "Keithley"},
                                                       {"Keithley", "Keithley"},
                                                       {"x-axis", "Keysight oscilloscope"},
                                                       {"AGILENT", "Keysight"},
                                                       {"KEYSIGHT", "Keysight"},
                                                       {"Keysight", "Keysight"},
                                                       {"TEKTRONIX", "Tektronix oscilloscope"},
                                                       {"Model,MSO", "Tektronix oscilloscope"},
                                                       {"Model,MDO", "Tektronix oscilloscope"},
                                                       {"Model,DPO", "Tektronix oscilloscope"},
                                                       {"Model,TBS", "Tektronix oscilloscope"},
                                                       {"Waveform Type,", "Tektronix oscilloscope"},
                                                       {"RIGOL", "Rigol oscilloscope"},
                                                       {"Time(s),CH", "Rigol oscilloscope"},
                                                       {"BioLogic", "BioLogic EC-Lab"},
                                                       {"EC-Lab", "BioLogic EC-Lab"}});

bool is_ngspice_print(const std::vector<HeadLine>& lines, const TextLayout& layout) {
  if (layout.names.empty() || layout.names.front() != "Index") return false;
  return std::any_of(lines.begin(), lines.end(),
                     [](const HeadLine& line) { return line.text.starts_with("----------"); });
}

// wrdata: blank, a mantissa of nine digits, an exponent, two blanks, ..., a blank at the end.
bool is_wrdata(const std::vector<HeadLine>& lines, const TextLayout& layout) {
  if (layout.separator != ' ') return false;
  int rows = 0;
  for (const HeadLine& line : lines) {
    if (line.number < layout.first_data_line || is_blank(line.text)) continue;
    if (!line.text.starts_with(' ') && !line.text.starts_with('-')) return false;
    if (!line.text.ends_with(' ') || line.text.find('e') == line.text.npos) return false;
    if (line.text.find('.') != 2) return false;
    if (++rows == 3) break;
  }
  return rows > 0;
}

bool is_ltspice(const TextLayout& layout) {
  if (layout.separator != '\t' || layout.names.size() < 2 || layout.names.front() != "time") {
    return false;
  }
  return std::any_of(layout.names.begin() + 1, layout.names.end(), [](const std::string& name) {
    return name.find('(') != name.npos && name.ends_with(')');
  });
}

}  // namespace

void recognise_dialect(const std::vector<HeadLine>& lines, TextLayout& layout) {
  if (is_ngspice_print(lines, layout)) {
    layout.format = "ngspice print";
    layout.repeats_headers = true;
    return;
  }
  if (is_wrdata(lines, layout)) {
    layout.format = "ngspice wrdata";
    return;
  }
  if (is_ltspice(layout)) {
    layout.format = "LTspice text export";
    return;
  }
  for (const Signature& signature : kSignatures) {
    for (const HeadLine& line : lines) {
      if (layout.first_data_line > 0 && line.number >= layout.first_data_line) break;
      if (line.text.find(signature.text) == line.text.npos) continue;
      layout.format = signature.format;
      return;
    }
  }
}

}  // namespace psi_xlstm
