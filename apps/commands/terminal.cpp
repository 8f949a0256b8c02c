#include "terminal.hpp"

#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <iostream>
#include <limits>
#include <memory>
#include <system_error>

#include "command.hpp"
#include "core/identifier.hpp"
#include "core/seconds.hpp"
#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::apps {
namespace {

// To standard error; if nobody can see it, the work goes on all the same.
void show(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

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
  spdlog::set_default_logger(spdlog::stderr_color_mt("psi"));
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

CLI::Validator seed_number() {
  return {[](std::string& text) {
            int value = 0;
            const bool number = CLI::detail::lexical_cast(text, value);
            return number && value >= 0
                       ? std::string{}
                       : fmt::format("expected a whole number in [0, {}], found {}",
                                     std::numeric_limits<int>::max(), text);
          },
          "SEED"};
}

CLI::Validator model_name() {
  return {[](std::string& text) {
            (void)checked_identifier(text, "--name");
            return std::string();
          },
          "NAME"};
}

CLI::Validator positive() {
  static constexpr double kLargest = 1e18;
  return {[](std::string& text) {
            double value = 0;
            const bool number = CLI::detail::lexical_cast(text, value);
            return number && value > 0 && value <= kLargest
                       ? std::string{}
                       : fmt::format("expected a number > 0 and at most {}, found {}", kLargest,
                                     text);
          },
          "> 0"};
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

Progress terminal_progress() {
  if (isatty(STDERR_FILENO) != 0) return draw_bar;
  return [](const std::string& stage, double, const std::string& detail) {
    show(fmt::format("{}: {}\n", stage, printable(detail)));
  };
}

int told(const Judgement& judgement) {
  if (judgement.passed()) return kDone;
  spdlog::error("{}", verdict_sentence(judgement));
  return kMissedCriterion;
}

int tell(const RunOutcome& outcome) {
  print("{}", outcome.summary);
  for (const std::string& warning : outcome.warnings) spdlog::warn("{}", warning);
  for (const std::string& note : outcome.notes) spdlog::info("{}", note);
  if (!outcome.page.empty()) print("report: {}\n", outcome.page.string());
  if (!outcome.interrupted) return told(outcome.verdict);
  spdlog::error("{}", outcome.verdict.reason);
  return kInterrupted;
}

}  // namespace psi_xlstm::apps
