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

int run_and_print(const StudyConfig& config, const RunOptions& options) {
  const StudyResult result = run_study(config, options, terminal_progress());
  fmt::print("{}", summary_text(result));
  for (const std::string& warning : result.warnings) spdlog::warn("{}", warning);
  if (!result.cosim.left_out.empty()) spdlog::info("{}", result.cosim.left_out);
  fmt::print("report: {}\n", (options.folder / "report.html").string());
  return told(result.verdict);
}

}  // namespace psi_xlstm::apps
