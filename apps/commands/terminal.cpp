#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "command.hpp"
#include "core/seconds.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::apps {
namespace {

void draw_bar(const std::string& stage, double done, const std::string& detail) {
  constexpr int kWidth = 24;
  const int filled = static_cast<int>(done * kWidth);
  fmt::print(stderr, "\r\033[K{:<12}[{}{}] {}", stage,
             std::string(static_cast<std::size_t>(filled), '#'),
             std::string(static_cast<std::size_t>(kWidth - filled), '.'), detail);
  if (stage == "report") fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
}

}  // namespace

CLI::Validator positive() {
  return {[](std::string& text) {
            double value = 0;
            const bool number = CLI::detail::lexical_cast(text, value);
            return number && value > 0 ? std::string{}
                                       : fmt::format("expected a number > 0, found {}", text);
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
    fmt::print(stderr, "{}: {}\n", stage, detail);
  };
}

int told(const Judgement& judgement) {
  if (judgement.passed()) return kDone;
  spdlog::error("{}", verdict_sentence(judgement));
  return kMissedCriterion;
}

int tell(const RunOutcome& outcome) {
  fmt::print("{}", outcome.summary);
  for (const std::string& warning : outcome.warnings) spdlog::warn("{}", warning);
  for (const std::string& note : outcome.notes) spdlog::info("{}", note);
  if (!outcome.page.empty()) fmt::print("report: {}\n", outcome.page.string());
  if (!outcome.interrupted) return told(outcome.verdict);
  spdlog::error("{}", outcome.verdict.reason);
  return kInterrupted;
}

}  // namespace psi_xlstm::apps
