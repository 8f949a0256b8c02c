// psi completion and psi manual: what a shell completes and the manual page, from the description
// of the command line that the help is made of.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "command.hpp"
#include "manual.hpp"
#include "psi_xlstm/core/version.hpp"

namespace psi_xlstm::apps {
namespace {

// One command with the words that lead to it, e.g. "bench spice"; "" is psi itself.
struct Entry {
  std::string path;
  const CLI::App* command;
};

void collect(const CLI::App& command, const std::string& path, std::vector<Entry>& entries) {
  entries.push_back({path, &command});
  for (const CLI::App* inner : commands_of(command)) {
    collect(*inner, path.empty() ? inner->get_name() : path + " " + inner->get_name(), entries);
  }
}

std::vector<Entry> all_entries(const CLI::App& app) {
  std::vector<Entry> entries;
  collect(app, "", entries);
  return entries;
}

// The choices of a positional argument or an option, in braces in the help: {a|b}.
std::vector<std::string> choices_of(const CLI::Option& option) {
  std::vector<std::string> choices;
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return choices;
  std::string word;
  for (const char c : type.substr(open + 1, close - open)) {
    if (c != '|' && c != '}') {
      word += c;
      continue;
    }
    choices.push_back(word);
    word.clear();
  }
  return choices;
}

// `words` for a list of a shell, which blanks divide: those inside a word escaped.
std::string escaped(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    for (const char c : word) text += c == ' ' ? std::string("\\ ") : std::string(1, c);
  }
  return text;
}

// What may stand next in a command: subcommands, choices of arguments, long options.
std::vector<std::string> words_of(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* inner : commands_of(command)) words.push_back(inner->get_name());
  for (const CLI::Option* option : options_of(command)) {
    if (option->get_positional()) {
      for (const std::string& choice : choices_of(*option)) words.push_back(choice);
    }
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  words.emplace_back("--help");
  return words;
}

// Every path of commands as a case of a shell, with what may follow.
std::string bash_script(const CLI::App& app) {
  std::string words, values;
  for (const Entry& entry : all_entries(app)) {
    words += fmt::format("    '{}') words='{}' ;;\n", entry.path,
                         fmt::join(words_of(*entry.command), "\n"));
    for (const CLI::Option* option : options_of(*entry.command)) {
      const std::vector<std::string> choices = choices_of(*option);
      if (choices.empty() || option->get_lnames().empty()) continue;
      values += fmt::format("    '{} --{}') words='{}'; files= ;;\n", entry.path,
                            option->get_lnames().front(), fmt::join(choices, "\n"));
    }
  }
  std::string paths;
  for (const Entry& entry : all_entries(app)) {
    if (!entry.path.empty()) paths += fmt::format("      '{}') path=$next ;;\n", entry.path);
  }
  return fmt::format(R"(# Completion of psi for bash: source it, or put it into
# ~/.local/share/bash-completion/completions/psi
_psi() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
  local path='' next words='' files=1 i
  for ((i = 1; i < COMP_CWORD; i++)); do
    next=${{path:+$path }}${{COMP_WORDS[i]}}
    case $next in
{}    esac
  done
  case $path in
{}  esac
  case "$path $previous" in
{}  esac
  mapfile -t COMPREPLY < <(IFS=$'\n'; compgen -W "$words" -- "$current")
  COMPREPLY=("${{COMPREPLY[@]// /\\ }}")
  if [[ -n $files && -n $path && $current != -* ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t -O "${{#COMPREPLY[@]}}" COMPREPLY < <(compgen -f -- "$current")
  fi
}}
complete -F _psi psi
)",
                     paths, words, values);
}

// `text` inside single quotes of a shell, of which zsh takes brackets and colons for its own.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return out;
}

std::string zsh_arguments(const CLI::App& command) {
  std::string text;
  for (const CLI::Option* option : options_of(command)) {
    if (option->get_positional()) continue;
    const std::vector<std::string> choices = choices_of(*option);
    const std::string value = option->get_items_expected_max() == 0 ? ""
                              : choices.empty()                     ? ":value:_files"
                                                : fmt::format(":value:({})", escaped(choices));
    for (const std::string& name : option->get_lnames()) {
      text += fmt::format(" \\\n        '--{}[{}]{}'", name, zsh_text(option->get_description()),
                          value);
    }
  }
  std::string rest = "_files";
  for (const CLI::Option* option : options_of(command)) {
    const std::vector<std::string> choices = choices_of(*option);
    if (option->get_positional() && !choices.empty()) {
      rest = fmt::format("({})", escaped(choices));
    }
  }
  return text + fmt::format(" \\\n        '--help[This help]' '*:argument:{}'", rest);
}

std::string zsh_script(const CLI::App& app) {
  std::string functions;
  for (const Entry& entry : all_entries(app)) {
    std::string name = "_psi" + (entry.path.empty() ? "" : "_" + entry.path);
    for (char& c : name) c = c == ' ' ? '_' : c;
    const auto inner = commands_of(*entry.command);
    functions += name + "() {\n";
    if (inner.empty()) {
      functions += "  _arguments -s" + zsh_arguments(*entry.command) + "\n}\n";
      continue;
    }
    functions += "  local -a commands=(\n";
    std::string cases;
    for (const CLI::App* c : inner) {
      functions += fmt::format("    '{}:{}'\n", c->get_name(), zsh_text(c->get_description()));
      cases += fmt::format("    {}) shift words; (( CURRENT-- )); {}_{} ;;\n", c->get_name(), name,
                           c->get_name());
    }
    functions += fmt::format(
        "  )\n  if (( CURRENT == 2 )); then _describe command commands; return; fi\n"
        "  case $words[2] in\n{}  esac\n}}\n",
        cases);
  }
  return "#compdef psi\n# Completion of psi for zsh: a file _psi in a folder of $fpath.\n" +
         functions +
         "if [[ ${funcstack[1]} = _psi ]]; then _psi \"$@\"; else compdef _psi psi; fi\n";
}

std::string fish_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string fish_script(const CLI::App& app) {
  std::string text =
      "# Completion of psi for fish: ~/.config/fish/completions/psi.fish\n"
      "function __psi_at\n"
      "  set -l words (string match -v -- '-*' (commandline -opc))\n"
      "  set -l place 1\n"
      "  for wanted in (string split ' ' -- $argv[1])\n"
      "    set place (math $place + 1)\n"
      "    test \"$words[$place]\" = $wanted; or return 1\n"
      "  end\n"
      "end\n";
  for (const Entry& entry : all_entries(app)) {
    const std::string condition =
        entry.path.empty() ? "__fish_use_subcommand" : fmt::format("__psi_at \"{}\"", entry.path);
    for (const CLI::App* inner : commands_of(*entry.command)) {
      text += fmt::format("complete -c psi -f -n '{}' -a {} -d '{}'\n", condition,
                          inner->get_name(), fish_text(inner->get_description()));
    }
    for (const CLI::Option* option : options_of(*entry.command)) {
      const std::vector<std::string> choices = choices_of(*option);
      if (option->get_positional()) {
        if (!choices.empty()) {
          text += fmt::format("complete -c psi -f -n '{}' -a '{}'\n", condition, escaped(choices));
        }
        continue;
      }
      const std::string value = option->get_items_expected_max() == 0 ? ""
                                : choices.empty()                     ? " -r"
                                                  : fmt::format(" -x -a '{}'", escaped(choices));
      for (const std::string& name : option->get_lnames()) {
        text += fmt::format("complete -c psi -n '{}' -l {}{} -d '{}'\n", condition, name, value,
                            fish_text(option->get_description()));
      }
    }
  }
  return text;
}

}  // namespace

void add_completion(CLI::App& app, int& exit_code) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a completion script for a shell");
  command->add_option("shell", *shell, "Which shell")
      ->required()
      ->check(one_of_these({"bash", "zsh", "fish"}));
  add_example(*command, {"psi completion bash > ~/.local/share/bash-completion/completions/psi"});
  command->callback([&app, shell, &exit_code] {
    write_output(*shell == "bash"  ? bash_script(app)
                 : *shell == "zsh" ? zsh_script(app)
                                   : fish_script(app));
    exit_code = kDone;
  });
}

void add_manual(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("manual", "Print the manual page (troff)");
  add_example(*command, {"psi manual > psi.1 && man ./psi.1"});
  command->callback([&app, &exit_code] {
    write_output(manual_page(app, version()));
    exit_code = kDone;
  });
}

}  // namespace psi_xlstm::apps
