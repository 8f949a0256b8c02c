#pragma once

#include <string>

namespace psi_xlstm::hdl {

/// The definition of evaluate_network() (osdi_evaluation.hpp) around the statements `body`, once
/// for AVX2 and once for every processor; the library chooses when it is loaded.
std::string evaluation_function(const std::string& body);

}  // namespace psi_xlstm::hdl
