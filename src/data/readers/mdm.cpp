// IC-CAP .mdm: a header that names sources and measurements, then one block of rows for each
// combination of the outer sweeps. Currents count into the terminals.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/readers/formats.hpp"
#include "data/readers/s_parameters.hpp"
#include "data/tables/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr double kMdmReference = 50;  // Of S parameters [ohm].

std::string in_lower_case(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return small;
}

// One line of ICCAP_INPUTS or ICCAP_OUTPUTS.
struct MdmSignal {
  std::string name;
  char type = 'V';          // V, I, F, C, S, or of derived numbers.
  std::string plus, minus;  // Nodes; empty of a frequency.
};

// One block: constants and rows.
struct MdmBlock {
  std::size_t line = 0;
  std::vector<std::pair<std::string, double>> constants;
  std::vector<std::string> columns;
  std::vector<std::vector<double>> values;  // [C][N]
  std::vector<std::uint32_t> lines;

  std::size_t rows() const { return values.empty() ? 0 : values.front().size(); }

  // The values of a signal in every row; empty if the block does not have it.
  std::vector<double> of(const std::string& name) const {
    for (std::size_t j = 0; j < columns.size(); ++j) {
      if (columns[j] == name) return values[j];
    }
    for (const auto& [key, value] : constants) {
      if (key == name) return std::vector<double>(rows(), value);
    }
    return {};
  }
};

struct MdmFile {
  std::vector<MdmSignal> inputs, outputs;
  std::vector<MdmBlock> blocks;
  std::size_t header_lines = 0;
};

class MdmReader {
 public:
  explicit MdmReader(ByteSource source) : file_(source.name()), lines_(std::move(source)) {}

  MdmFile read() {
    enum class Part { kNone, kInputs, kOutputs, kValues };
    Part part = Part::kNone;
    while (const auto text = next()) {
      if (*text == "ICCAP_INPUTS") {
        part = Part::kInputs;
      } else if (*text == "ICCAP_OUTPUTS") {
        part = Part::kOutputs;
      } else if (*text == "ICCAP_VALUES" || *text == "BEGIN_HEADER") {
        part = Part::kValues;
      } else if (*text == "END_HEADER") {
        part = Part::kNone;
        out_.header_lines = lines_.number();
      } else if (*text == "BEGIN_DB") {
        read_block();
      } else if (part == Part::kInputs || part == Part::kOutputs) {
        add_signal(*text, part == Part::kInputs ? out_.inputs : out_.outputs);
      }
    }
    if (out_.blocks.empty()) {
      throw DataError(
          fmt::format("{}: expected blocks between BEGIN_DB and END_DB, found none", file_));
    }
    return std::move(out_);
  }

 private:
  // The next line with text; comments start with "!".
  std::optional<std::string> next() {
    while (const auto line = lines_.next_line()) {
      const std::string_view text = trimmed(*line);
      if (!text.empty() && text.front() != '!') return std::string(text);
    }
    return std::nullopt;
  }

  void add_signal(const std::string& text, std::vector<MdmSignal>& list) {
    cells_.split(text, ' ');
    if (cells_.size() < 2) {
      throw DataError(
          fmt::format("{}: expected a name and a type, found {}", lines_.where(), shown(text)));
    }
    MdmSignal signal{
        .name = std::string(cells_[0]), .type = cells_[1].front(), .plus = {}, .minus = {}};
    if (signal.type != 'F' && cells_.size() > 3) {
      signal.plus = cells_[2];
      signal.minus = cells_[3];
    }
    list.push_back(std::move(signal));
  }

  double value(std::string_view cell) const {
    const auto number = csv_number(cell);
    if (!number || !(std::abs(*number) <= kLargestNumber)) {
      throw DataError(
          fmt::format("{}: expected a finite number, found {}", lines_.where(), shown(cell)));
    }
    return *number;
  }

  void read_block() {
    MdmBlock block{.line = lines_.number()};
    while (const auto text = next()) {
      if (*text == "END_DB") {
        finish(std::move(block));
        return;
      }
      cells_.split(*text, ' ');
      if (cells_[0] == "ICCAP_VAR" && cells_.size() == 3) {
        block.constants.emplace_back(std::string(cells_[1]), value(cells_[2]));
      } else if (text->front() == '#') {
        set_columns(block, std::string_view(*text).substr(1));
      } else {
        add_row(block);
      }
    }
    throw DataError(fmt::format("{}: expected END_DB, found the end of the file", lines_.where()));
  }

  void set_columns(MdmBlock& block, std::string_view text) {
    cells_.split(text, ' ');
    block.columns.assign(cells_.all().begin(), cells_.all().end());
    block.values.assign(block.columns.size(), {});
  }

  void add_row(MdmBlock& block) {
    if (cells_.size() != block.columns.size() || block.columns.empty()) {
      throw DataError(fmt::format("{}: expected {} numbers as in the line of names, found {}",
                                  lines_.where(), block.columns.size(), cells_.size()));
    }
    for (std::size_t j = 0; j < cells_.size(); ++j) block.values[j].push_back(value(cells_[j]));
    block.lines.push_back(static_cast<std::uint32_t>(lines_.number()));
  }

  void finish(MdmBlock block) {
    if (block.rows() == 0) {
      throw DataError(fmt::format("{}: expected rows in this block, found none", lines_.where()));
    }
    out_.blocks.push_back(std::move(block));
  }

  std::string file_;
  CsvLines lines_;
  CsvCells cells_;
  MdmFile out_;
};

// A terminal whose voltage and current are both there.
struct MdmPort {
  std::string name, voltage, current;
};

std::string terminal_of(const std::string& name) { return in_lower_case(name).substr(1); }

// vb and ib are port b. Where no name fits and there is one voltage and one current, these two.
std::vector<MdmPort> ports_of(const MdmFile& file) {
  std::vector<MdmSignal> voltages, currents;
  for (const auto* list : {&file.inputs, &file.outputs}) {
    for (const MdmSignal& signal : *list) {
      if (signal.name.size() < 2) continue;
      if (signal.type == 'V') voltages.push_back(signal);
      if (signal.type == 'I') currents.push_back(signal);
    }
  }
  std::vector<MdmPort> ports;
  for (const MdmSignal& voltage : voltages) {
    for (const MdmSignal& current : currents) {
      if (terminal_of(voltage.name) == terminal_of(current.name)) {
        ports.push_back({terminal_of(voltage.name), voltage.name, current.name});
      }
    }
  }
  if (ports.empty() && voltages.size() == 1 && currents.size() == 1) {
    ports.push_back({terminal_of(voltages[0].name), voltages[0].name, currents[0].name});
  }
  return ports;
}

// "vc=0.5,vs=0", or the number of the block where that is too long.
std::string block_id(const MdmBlock& block, std::size_t number, std::size_t count) {
  constexpr std::size_t kLongest = 40;
  std::string id;
  for (const auto& [name, value] : block.constants) {
    id += fmt::format("{}{}={}", id.empty() ? "" : ",", name, value);
  }
  if (id.size() > kLongest) id.clear();
  return id.empty() && count > 1 ? fmt::format("{}", number + 1) : id;
}

std::optional<Record> dc_record(const MdmBlock& block, const std::vector<MdmPort>& ports) {
  Record record{.kind = RecordKind::kDc, .ports = {}, .reference_terminal = "ground"};
  for (const MdmPort& port : ports) {
    std::vector<double> voltage = block.of(port.voltage), current = block.of(port.current);
    if (voltage.empty() || current.empty()) continue;
    record.ports.push_back(port.name);
    record.voltage.push_back(std::move(voltage));
    record.current.push_back(std::move(current));
  }
  if (record.ports.empty()) return std::nullopt;
  return record;
}

// The voltage of the node of a port of an S matrix; nothing if no source stands there.
std::optional<double> bias_at(const MdmFile& file, const MdmBlock& block, const std::string& node) {
  for (const MdmSignal& input : file.inputs) {
    if (input.type != 'V' || in_lower_case(input.plus) != in_lower_case(node)) continue;
    const std::vector<double> values = block.of(input.name);
    if (!values.empty()) return values.front();
  }
  return std::nullopt;
}

std::optional<Record> ac_record(const MdmFile& file,
                                const MdmBlock& block,
                                const MdmSignal& output) {
  const auto frequency = std::find_if(file.inputs.begin(), file.inputs.end(),
                                      [](const MdmSignal& s) { return s.type == 'F'; });
  if (frequency == file.inputs.end()) return std::nullopt;
  const std::vector<double> f = block.of(frequency->name);
  std::vector<std::vector<double>> parts;  // R and I of 11, 12, 21, 22.
  for (const char* index : {"(1,1)", "(1,2)", "(2,1)", "(2,2)"}) {
    for (const char* part : {"R:", "I:"}) {
      parts.push_back(block.of(part + output.name + index));
      if (parts.back().empty()) return std::nullopt;
    }
  }
  if (f.empty()) return std::nullopt;
  Record record{.kind = RecordKind::kAc,
                .ports = {in_lower_case(output.plus), in_lower_case(output.minus)},
                .reference_terminal = "ground"};
  std::vector<double> bias;
  for (const std::string& node : {output.plus, output.minus}) {
    if (const auto V = bias_at(file, block, node)) bias.push_back(*V);
  }
  if (bias.size() < 2) bias.clear();
  for (std::size_t k = 0; k < f.size(); ++k) {
    std::vector<std::complex<double>> s(4);
    for (std::size_t e = 0; e < 4; ++e) s[e] = {parts[2 * e][k], parts[2 * e + 1][k]};
    record.admittance.push_back(
        {.frequency = f[k], .bias = bias, .admittance = admittances(s, kMdmReference)});
    if (record.admittance.back().admittance.empty()) return std::nullopt;
  }
  return record;
}

// All blocks one below the other, constants as columns too.
DataTable mdm_table(const MdmFile& file, const std::string& name) {
  DataTable table{.file = name, .format = "IC-CAP .mdm"};
  table.details = {fmt::format("{} blocks", file.blocks.size())};
  table.skipped = file.header_lines;
  const MdmBlock& first = file.blocks.front();
  std::vector<std::string> names = first.columns;
  for (const auto& [key, value] : first.constants) names.push_back(key);
  std::map<std::string, Quantity> quantities;
  for (const auto* list : {&file.inputs, &file.outputs}) {
    for (const MdmSignal& signal : *list) {
      if (signal.type == 'V') quantities[signal.name] = Quantity::kVoltage;
      if (signal.type == 'I') quantities[signal.name] = Quantity::kCurrent;
    }
  }
  for (const std::string& column : names) {
    const auto found = quantities.find(column);
    const Quantity quantity = found == quantities.end() ? Quantity::kOther : found->second;
    table.columns.push_back({.name = column, .meaning = {.quantity = quantity}});
  }
  for (const MdmBlock& block : file.blocks) {
    for (TableColumn& column : table.columns) {
      std::vector<double> values = block.of(column.name);
      if (values.size() != block.rows()) values.assign(block.rows(), std::nan(""));
      column.values.insert(column.values.end(), values.begin(), values.end());
    }
    table.rows += block.rows();
    table.lines.insert(table.lines.end(), block.lines.begin(), block.lines.end());
  }
  for (TableColumn& column : table.columns) {
    column.numbers = static_cast<std::size_t>(std::count_if(
        column.values.begin(), column.values.end(), [](double x) { return std::isfinite(x); }));
  }
  return table;
}

// What the outputs are that make no record, as words.
std::string kinds_of_outputs(const MdmFile& file) {
  std::string list;
  for (const MdmSignal& output : file.outputs) {
    const char* kind = output.type == 'C'   ? "a capacitance"
                       : output.type == 'V' ? "a voltage"
                       : output.type == 'I' ? "a current"
                       : output.type == 'S' ? "S parameters"
                                            : "derived numbers";
    list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", shown(output.name), kind);
  }
  return list.empty() ? "none" : list;
}

void add_block_records(const MdmFile& file,
                       const std::vector<MdmPort>& ports,
                       FileContents& contents) {
  const auto scattering = std::count_if(file.outputs.begin(), file.outputs.end(),
                                        [](const MdmSignal& s) { return s.type == 'S'; });
  for (std::size_t b = 0; b < file.blocks.size(); ++b) {
    const MdmBlock& block = file.blocks[b];
    const std::string id = block_id(block, b, file.blocks.size());
    if (scattering == 0) {
      if (auto record = dc_record(block, ports)) {
        record->id = id;
        contents.records.push_back(std::move(*record));
      }
      continue;
    }
    for (const MdmSignal& output : file.outputs) {
      if (output.type != 'S') continue;
      auto record = ac_record(file, block, output);
      if (!record) continue;
      record->id =
          scattering > 1 ? fmt::format("{}{}{}", id, id.empty() ? "" : "/", output.name) : id;
      contents.records.push_back(std::move(*record));
    }
  }
}

}  // namespace

bool is_mdm(std::string_view head) {
  return head.find("ICCAP_INPUTS") != head.npos && head.find("BEGIN_HEADER") != head.npos;
}

FileContents read_mdm(ByteSource source, const ReadOptions&) {
  const std::string name = source.name();
  const MdmFile file = MdmReader(std::move(source)).read();
  FileContents contents;
  contents.chosen = true;
  contents.table = mdm_table(file, name);
  add_block_records(file, ports_of(file), contents);
  if (contents.records.empty()) {
    contents.problem = fmt::format(
        "{}: expected a voltage and a current of one terminal (vd, id), or S parameters, found the "
        "outputs {}",
        name, kinds_of_outputs(file));
  }
  return contents;
}

}  // namespace psi_xlstm
