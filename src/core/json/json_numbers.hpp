#pragma once

// Numbers in JSON, which has no infinity: null stands for what is not finite.

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace psi_xlstm {

using Json = nlohmann::ordered_json;

inline Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

inline Json number(const std::optional<double>& value) {
  return value ? number(*value) : Json(nullptr);
}

inline Json numbers(const std::vector<double>& values) {
  Json out = Json::array();
  for (double v : values) out.push_back(number(v));
  return out;
}

}  // namespace psi_xlstm
