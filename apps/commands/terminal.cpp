#include "terminal.hpp"

#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <memory>
#include <system_error>

#include "command.hpp"
#include "core/atomic_file.hpp"
#include "core/output_target.hpp"
#include "core/process.hpp"
#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"
#include "report/table.hpp"
#include "run/earlier.hpp"

namespace psi_xlstm::apps {
namespace {

// To standard error; if nobody can see it, the work goes on all the same.
void show(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

// Whether progress is a bar.
bool on_bar() { return isatty(STDERR_FILENO) != 0 && environment_variable("TERM") != "dumb"; }

void draw_bar(const std::string& stage, double done, const std::string& detail) {
  constexpr int kWidth = 24;
  const int filled = static_cast<int>(done * kWidth);
  std::string text = fmt::format(
      "\r\033[K{:<12}[{}{}] {}", stage, std::string(static_cast<std::size_t>(filled), '#'),
      std::string(static_cast<std::size_t>(kWidth - filled), '.'), printable(detail));
  if (stage == "report") text += "\r\033[K";
  show(text);
}

// The text of a message, made printable.
class PrintableText : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message,
              const std::tm&,
              spdlog::memory_buf_t& to) override {
    const std::string text = printable_lines({message.payload.data(), message.payload.size()});
    to.append(text.data(), text.data() + text.size());
  }

  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return spdlog::details::make_unique<PrintableText>();
  }
};

[[noreturn]] void fail_to_print() {
  throw Error(fmt::format("standard output: expected to write all of it, found: {}",
                          std::generic_category().message(errno)));
}

}  // namespace

void open_standard_descriptors() {
  const auto is_closed = [](int number) { return ::fcntl(number, F_GETFD) < 0 && errno == EBADF; };
  // The lowest free number is given out, so each takes the place of the closed one.
  if (is_closed(STDIN_FILENO)) ::open("/dev/null", O_WRONLY);
  if (is_closed(STDOUT_FILENO)) ::open("/dev/null", O_RDONLY);
  if (is_closed(STDERR_FILENO)) ::open("/dev/null", O_WRONLY);
}

void log_to_standard_error() {
  // NO_COLOR (no-color.org): no colours where it is there and not empty.
  const bool plain = !environment_variable("NO_COLOR").empty();
  spdlog::set_default_logger(spdlog::stderr_color_mt(
      "psi", plain ? spdlog::color_mode::never : spdlog::color_mode::automatic));
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<PrintableText>('*').set_pattern("%n: %^%l%$: %*");
  spdlog::set_formatter(std::move(formatter));
}

void write_output(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) fail_to_print();
}

void flush_output() {
  // The help of the command line goes out by a stream of its own, which fails on its own.
  std::cout.flush();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !std::cout) fail_to_print();
}

void print_text(std::string_view text) { write_output(printable_lines(text)); }

Telling& telling() {
  static Telling ours;
  return ours;
}

void be_quiet() {
  telling().quiet = true;
  spdlog::set_level(spdlog::level::err);
}

void say_text(std::string_view text) {
  if (telling().texts()) print_text(text);
}

void answer(const nlohmann::ordered_json& result) {
  if (!telling().json) return;
  const auto replaced = nlohmann::ordered_json::error_handler_t::replace;
  write_output(result.dump(2, ' ', false, replaced) + "\n");
}

Progress terminal_progress() {
  if (telling().quiet) return [](const std::string&, double, const std::string&) {};
  if (on_bar()) return draw_bar;
  return [](const std::string& stage, double, const std::string& detail) {
    show(fmt::format("{}: {}\n", stage, printable(detail)));
  };
}

int told(const Judgement& judgement) {
  if (judgement.passed()) return kDone;
  spdlog::error("{}", verdict_sentence(judgement));
  return kMissedCriterion;
}

namespace {

nlohmann::ordered_json names_of(const std::vector<std::filesystem::path>& files) {
  auto names = nlohmann::ordered_json::array();
  for (const std::filesystem::path& file : files) names.push_back(file.string());
  return names;
}

nlohmann::ordered_json tree_of(const RunOutcome& outcome) {
  const bool done = !outcome.interrupted;
  nlohmann::ordered_json tree = {
      {"verdict", done ? verdict_text(outcome.verdict.verdict) : std::string("interrupted")},
      {"reason", outcome.verdict.reason},
      {"result", outcome.result},
      {"files", names_of(outcome.files)},
      {"report", outcome.page.string()},
      {"warnings", outcome.warnings},
      {"notes", outcome.notes}};
  if (!outcome.numbers.is_null()) tree["numbers"] = outcome.numbers;
  return tree;
}

// A line of the result as wide as a terminal; what goes on below its title stands beside it.
void say_result(const std::string& line) {
  constexpr std::size_t kTitle = 14;
  const bool titled = line.size() > kTitle && line.compare(kTitle - 2, 2, "  ") == 0;
  std::string title = titled ? line.substr(0, kTitle) : "";
  const int width = kTerminalWidth - static_cast<int>(title.size());
  for (const std::string& part : broken_lines(line.substr(title.size()), width)) {
    say("{}{}\n", title, part);
    title.assign(title.size(), ' ');
  }
}

}  // namespace

int tell(const RunOutcome& outcome) {
  for (const std::string& line : outcome.result) say_result(line);
  if (!outcome.summary.empty()) say("\n{}", outcome.summary);
  if (telling().verbose) say_text(outcome.details);
  for (const std::string& warning : outcome.warnings) spdlog::warn("{}", warning);
  for (const std::string& note : outcome.notes) spdlog::info("{}", note);
  if (!outcome.page.empty()) say("report: {}\n", outcome.page.string());
  answer(tree_of(outcome));
  if (!outcome.interrupted) return told(outcome.verdict);
  spdlog::error("{}", outcome.verdict.reason);
  return kInterrupted;
}

std::function<void()> make_room(const std::filesystem::path& folder,
                                const nlohmann::ordered_json& config,
                                bool replace) {
  check_output_folder(folder);
  const EarlierRun earlier = earlier_run(folder, config);
  if (!earlier.found || earlier.what.empty()) return {};
  if (earlier.another && !replace) {
    throw ConfigError(fmt::format(
        "{}: expected an empty folder or a run of the same study, found another one with {}: give "
        "another folder with --out, or --replace to take its place",
        folder.string(), earlier.what));
  }
  return [text = fmt::format("{}: takes the place of the run with {}", folder.string(),
                             earlier.what)] {
    if (on_bar() && !telling().quiet) show("\r\033[K");
    spdlog::info("{}", text);
  };
}

namespace {

// Whether `file` may be written: it is not there, no regular file, holds `bytes` already, or
// `force` is given.
bool may_replace(const std::filesystem::path& file, std::string_view bytes, bool force) {
  std::error_code error;
  if (force || !std::filesystem::is_regular_file(file, error)) return true;
  return std::filesystem::file_size(file, error) == bytes.size() && read_file(file) == bytes;
}

}  // namespace

void write_result(const std::filesystem::path& file, std::string_view bytes, bool force) {
  if (!may_replace(file, bytes, force)) {
    throw ConfigError(fmt::format(
        "{}: expected no file, or one with what is to be written, found another: give another name "
        "with --out, or --force to replace it",
        file.string()));
  }
  write_file(file, bytes);
}

}  // namespace psi_xlstm::apps
