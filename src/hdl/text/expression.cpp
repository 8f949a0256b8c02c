#include "hdl/text/expression.hpp"

#include <cstddef>

namespace psi_xlstm::hdl {

std::string filled(std::string_view form, const Names& names) {
  std::string text;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool is_name = form[i] == '{' && i + 2 < form.size() && form[i + 2] == '}';
    if (!is_name) {
      text += form[i];
      continue;
    }
    switch (form[i + 1]) {
      case 'a':
        text += names.a;
        break;
      case 'b':
        text += names.b;
        break;
      case 'y':
        text += names.y;
        break;
      case 'f':
        text += names.f;
        break;
      case 'e':
        text += names.e;
        break;
      case 'l':
        text += names.l;
        break;
      default:
        text += names.one;
    }
    i += 2;
  }
  return text;
}

}  // namespace psi_xlstm::hdl
