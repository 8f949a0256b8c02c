#include "data/readers/s_parameters.hpp"

#include <cmath>
#include <cstddef>

namespace psi_xlstm {

using Complex = std::complex<double>;

std::vector<Complex> inverse(const std::vector<Complex>& m) {
  if (m.size() == 1) {
    if (m[0] == 0.0) return {};
    return {1.0 / m[0]};
  }
  const Complex determinant = m[0] * m[3] - m[1] * m[2];
  if (determinant == 0.0) return {};
  return {m[3] / determinant, -m[1] / determinant, -m[2] / determinant, m[0] / determinant};
}

std::vector<Complex> admittances(const std::vector<Complex>& s, double z0) {
  const std::size_t ports = s.size() == 1 ? 1 : 2;
  std::vector<Complex> sum = s, difference = s, y(s.size());
  for (std::size_t i = 0; i < s.size(); ++i) {
    const double one = i % (ports + 1) == 0 ? 1 : 0;
    sum[i] = one + s[i];
    difference[i] = one - s[i];
  }
  const std::vector<Complex> inverted = inverse(sum);
  if (inverted.empty()) return {};
  for (std::size_t row = 0; row < ports; ++row) {
    for (std::size_t column = 0; column < ports; ++column) {
      Complex total = 0;
      for (std::size_t k = 0; k < ports; ++k) {
        total += difference[row * ports + k] * inverted[k * ports + column];
      }
      y[row * ports + column] = total / z0;
    }
  }
  return y;
}

}  // namespace psi_xlstm
