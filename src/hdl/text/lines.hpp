#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <utility>

namespace psi_xlstm::hdl {

/// What every printer of a model is made of: a text that grows line by line.
class Lines {
 protected:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format(format, std::forward<Args>(args)...) + "\n";
  }

  /// A number of a network as an index.
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  std::string text_;
};

}  // namespace psi_xlstm::hdl
