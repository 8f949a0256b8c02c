#include "manual.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "command_line.hpp"

namespace psi_xlstm::apps {
namespace {

// `text` without what troff takes for commands.
std::string troff(const std::string& text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

std::string value_of(const CLI::Option& option) {
  return option.get_items_expected_max() == 0 ? ""
                                              : " \\fI" + troff(option.get_type_name()) + "\\fR";
}

std::string option_entry(const CLI::Option& option) {
  std::string names;
  if (option.get_positional()) {
    names = "\\fI" + troff(option.get_name()) + "\\fR";
  } else {
    for (const std::string& name : option.get_lnames()) {
      names += (names.empty() ? "" : ", ") + ("\\fB" + troff("--" + name) + "\\fR");
    }
    names += value_of(option);
  }
  return ".TP\n" + names + "\n" + troff(option.get_description()) + "\n";
}

std::string synopsis(const CLI::App& command, const std::string& path) {
  std::string text = ".B " + troff(path) + "\n";
  for (const CLI::Option* option : options_of(command)) {
    if (!option->get_positional()) continue;
    const std::string many = option->get_items_expected_max() > 1 ? "..." : "";
    text += option->get_required()
                ? fmt::format("\\fI{}\\fR{}\n", troff(option->get_name()), many)
                : fmt::format("[\\fI{}\\fR{}]\n", troff(option->get_name()), many);
  }
  return text + "[\\fIoptions\\fR]\n";
}

void add_command(const CLI::App& command, const std::string& path, std::string& page) {
  for (const CLI::App* inner : commands_of(command)) {
    const std::string name = path + " " + inner->get_name();
    page += ".SS " + troff(name) + "\n" + troff(inner->get_description()) + ".\n.PP\n";
    if (commands_of(*inner).empty()) page += synopsis(*inner, name);
    for (const CLI::Option* option : options_of(*inner)) page += option_entry(*option);
    if (!inner->get_footer().empty()) {
      page += ".PP\n.nf\n" + troff(inner->get_footer()) + "\n.fi\n";
    }
    add_command(*inner, name, page);
  }
}

}  // namespace

std::string manual_page(const CLI::App& app, const std::string& version) {
  std::string page = fmt::format(".TH PSI 1 \"\" \"psi {}\" \"User Commands\"\n", troff(version));
  page += ".SH NAME\npsi \\- " + troff(app.get_description()) + "\n";
  page += ".SH SYNOPSIS\n.B psi\n\\fIcommand\\fR [\\fIarguments\\fR] [\\fIoptions\\fR]\n";
  page += ".SH COMMANDS\n";
  add_command(app, "psi", page);
  page +=
      ".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nWrong input; one sentence on standard error says "
      "what.\n.TP\n2\nA numerical criterion was missed or could not be verified.\n.TP\n130\n"
      "Interrupted.\n";
  page +=
      ".SH ENVIRONMENT\n.TP\n\\fBNO_COLOR\\fR\nNo colours where it is not empty.\n.TP\n"
      "\\fBPSI_NGSPICE_WORKER\\fR, \\fBPSI_TRAINER\\fR, \\fBPSI_OPENVAF\\fR, \\fBCC\\fR\n"
      "Programs that psi calls, where they are not found beside it or on PATH.\n";
  return page;
}

}  // namespace psi_xlstm::apps
