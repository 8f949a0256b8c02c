#include "command_line.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include "core/identifier.hpp"
#include "core/nearest.hpp"
#include "core/seconds.hpp"
#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::apps {
namespace {

constexpr double kLargestNumber = 1e18;

// The subcommand that `words` name, as deep as they do.
const CLI::App& named_command(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  for (const std::string& word : words) {
    const auto inner = commands_of(*command);
    const auto found = std::find_if(inner.begin(), inner.end(),
                                    [&](const CLI::App* c) { return c->get_name() == word; });
    if (found == inner.end()) break;
    command = *found;
  }
  return *command;
}

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? "psi" : full_name(*parent) + " " + command.get_name();
}

std::vector<std::string> long_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : options_of(command)) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// What stands behind `opening` in `text`, up to the next blank.
std::string word_after(const std::string& text, const std::string& opening) {
  const std::size_t at = text.find(opening);
  if (at == std::string::npos) return "";
  const std::size_t start = at + opening.size();
  return text.substr(start, text.find(' ', start) - start);
}

// An option or an argument that belongs to nothing.
std::string unknown_word(const CLI::App& command, const std::string& word) {
  const bool option = word.starts_with('-');
  const std::string nearest = option ? nearest_name(word, long_names(command)) : "";
  return fmt::format("expected {}, found {}{}",
                     option ? "an option that it has" : "no further argument", in_quotes(word),
                     nearest.empty() ? "" : fmt::format("; the nearest is {}", nearest));
}

// The first whole number in `text` behind its first colon; empty where there is none.
std::string number_in(const std::string& text) {
  std::size_t at = text.find(':');
  at = at == std::string::npos ? at : text.find_first_of("0123456789", at);
  if (at == std::string::npos) return "";
  return text.substr(at, text.find_first_not_of("0123456789", at) - at);
}

// CLI11's sentences, by their form; as they are where a form is not known. `next` is the word
// behind the command's name; empty: there is none.
std::string in_our_words(const CLI::App& command,
                         const CLI::ParseError& problem,
                         const std::string& next) {
  const std::string text = problem.what();
  const std::string first = text.substr(0, text.find_first_of(": "));
  switch (static_cast<CLI::ExitCodes>(problem.get_exit_code())) {
    case CLI::ExitCodes::ExtrasError: {
      const std::string word = text.substr(text.find(": ") + 2);
      return unknown_word(command, word.substr(0, word.find(' ')));
    }
    case CLI::ExitCodes::RequiredError: {
      if (text.find("subcommand") == std::string::npos) {
        return fmt::format("expected the argument {}, found none", first);
      }
      std::vector<std::string> names;
      for (const CLI::App* inner : commands_of(command)) names.push_back(inner->get_name());
      return fmt::format("expected a subcommand ({}), found {}", fmt::join(names, ", "),
                         next.empty() ? "none" : in_quotes(next));
    }
    case CLI::ExitCodes::ExcludesError:
      return fmt::format("expected {} or {}, found both", first, word_after(text, "excludes "));
    case CLI::ExitCodes::RequiresError:
      return fmt::format("{}: expected {} beside it, found none", first,
                         word_after(text, "requires "));
    case CLI::ExitCodes::ArgumentMismatch: {
      if (text.find("At Most") != std::string::npos) {
        return fmt::format("{}: expected it once, found it more often", first);
      }
      const std::string number = number_in(text);
      return fmt::format("{}: expected {}, found fewer", first,
                         number.empty() || number == "1" ? "a value" : number + " values");
    }
    case CLI::ExitCodes::ConversionError: {
      const std::size_t at = text.find("= ");
      if (at == std::string::npos) return text;
      return fmt::format("{}: expected a number, found {}", word_after(text, "convert: "),
                         in_quotes(text.substr(at + 2)));
    }
    default:
      return text;  // The sentence of a validator.
  }
}

}  // namespace

void add_example(CLI::App& command, const std::vector<std::string>& lines) {
  command.footer(fmt::format("{}:\n  {}", lines.size() == 1 ? "Example" : "Examples",
                             fmt::join(lines, "\n  ")));
}

void add_telling(CLI::App& command) {
  CLI::Option* quiet = command.add_flag_callback(
      "--quiet", [] { be_quiet(); }, "Nothing but errors (and what --json prints)");
  command.add_flag("--verbose", telling().verbose, "All tables, not only the short ones")
      ->excludes(quiet);
  command.add_flag("--json", telling().json, "The result as one JSON object on standard output");
}

void add_replace(CLI::App& command, bool& replace) {
  command.add_flag("--replace", replace, "Take the place of another study in the run folder");
}

CLI::Validator one_of_these(std::vector<std::string> choices) {
  std::string name = fmt::format("{{{}}}", fmt::join(choices, "|"));
  return {[choices = std::move(choices)](std::string& text) {
            if (std::find(choices.begin(), choices.end(), text) != choices.end()) {
              return std::string{};
            }
            const std::string nearest = nearest_name(text, choices);
            return fmt::format("expected one of {}, found {}{}", fmt::join(choices, ", "),
                               in_quotes(text),
                               nearest.empty() ? "" : fmt::format("; the nearest is {}", nearest));
          },
          std::move(name)};
}

CLI::Validator whole_number(int low, int high) {
  return {[low, high](std::string& text) {
            int value = 0;
            const bool number = CLI::detail::lexical_cast(text, value);
            return number && value >= low && value <= high
                       ? std::string{}
                       : fmt::format("expected a whole number in [{}, {}], found {}", low, high,
                                     printable(text));
          },
          fmt::format("{} to {}", low, high)};
}

CLI::Validator model_name() {
  return {[](std::string& text) {
            (void)checked_identifier(text, "--name");
            return std::string();
          },
          "NAME"};
}

CLI::Validator positive_with_prefix() {
  return {[](std::string& text) {
            constexpr std::string_view kPrefixes = "pnumkMG";
            constexpr std::array<double, 7> kScales = {1e-12, 1e-9, 1e-6, 1e-3, 1e3, 1e6, 1e9};
            std::string number = text;
            double scale = 1;
            const std::size_t prefix =
                number.empty() ? kPrefixes.npos : kPrefixes.find(number.back());
            if (prefix != kPrefixes.npos) {
              scale = kScales[prefix];
              number.pop_back();
            }
            double value = 0;
            const bool is_number = CLI::detail::lexical_cast(number, value);
            if (!is_number || !(value * scale > 0) || value * scale > kLargestNumber) {
              return fmt::format("expected a number > 0 such as 10k or 4.7e3, found {}", text);
            }
            text = fmt::format("{}", value * scale);
            return std::string{};
          },
          "> 0"};
}

CLI::Validator seed_number() {
  CLI::Validator seed = whole_number(0, std::numeric_limits<int>::max());
  seed.description("SEED");
  return seed;
}

CLI::Validator positive() {
  return {[](std::string& text) {
            double value = 0;
            const bool number = CLI::detail::lexical_cast(text, value);
            return number && value > 0 && value <= kLargestNumber
                       ? std::string{}
                       : fmt::format("expected a number > 0 and at most {}, found {}",
                                     kLargestNumber, printable(text));
          },
          "> 0"};
}

CLI::Validator not_empty() {
  return {[](std::string& text) {
            return text.empty() ? "expected a text, found none" : std::string{};
          },
          ""};
}

std::string input_path(const std::string& name) { return name == "-" ? "/dev/stdin" : name; }

CLI::Validator not_negative() {
  return {[](std::string& text) {
            double value = 0;
            const bool number = CLI::detail::lexical_cast(text, value);
            return number && value >= 0 && value <= kLargestNumber
                       ? std::string{}
                       : fmt::format("expected a number from 0 to {}, found {}", kLargestNumber,
                                     printable(text));
          },
          ">= 0"};
}

CLI::Validator time_in_seconds() {
  return {[](std::string& text) {
            try {
              text = fmt::format("{}", seconds(text, "time"));
              return std::string{};
            } catch (const ConfigError& e) {
              return std::string(e.what());
            }
          },
          "time"};
}

std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  std::vector<const CLI::Option*> options;
  const auto add = [&](const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
      if (option != command.get_help_ptr()) options.push_back(option);
    }
  };
  add(command);
  // A group of options is a subcommand without a name.
  for (const CLI::App* group : command.get_subcommands([](const CLI::App*) { return true; })) {
    if (group->get_name().empty()) add(*group);
  }
  return options;
}

std::vector<const CLI::App*> commands_of(const CLI::App& command) {
  std::vector<const CLI::App*> commands;
  for (const CLI::App* inner : command.get_subcommands([](const CLI::App*) { return true; })) {
    if (!inner->get_name().empty()) commands.push_back(inner);
  }
  return commands;
}

std::string parse_problem(const CLI::App& app,
                          const CLI::ParseError& problem,
                          const std::vector<std::string>& words) {
  const CLI::App& command = named_command(app, words);
  const std::string name = full_name(command);
  const auto depth = static_cast<std::size_t>(std::count(name.begin(), name.end(), ' '));
  return fmt::format("{}: {} ({} --help says more)", name,
                     in_our_words(command, problem, depth < words.size() ? words[depth] : ""),
                     name);
}

}  // namespace psi_xlstm::apps
