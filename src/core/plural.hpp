#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace psi_xlstm {

/// `number` with `what` in the singular or the plural: "1 record", "2 records", "0 records".
template <class Number>
std::string count_of(Number number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

}  // namespace psi_xlstm
