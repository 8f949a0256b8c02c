#include "run/stopwatch.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace psi_xlstm {
namespace {

using Clock = std::chrono::steady_clock;

std::string utc_now() {
  return fmt::format(
      "{:%Y-%m-%dT%H:%M:%SZ}",
      fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

}  // namespace

Stopwatch::Stopwatch() {
  timings_.started = utc_now();
  timings_.machine = this_machine();
}

Stopwatch::Part::~Part() {
  watch_.add(name_, std::chrono::duration<double>(Clock::now() - start_).count());
}

void Stopwatch::add(const std::string& name, double duration) {
  timings_.stages.push_back({name, duration});
}

std::string Stopwatch::text() {
  timings_.finished = utc_now();
  return timings_text(timings_);
}

}  // namespace psi_xlstm
