#pragma once

// NumPy arrays as spans and vectors as NumPy arrays, without copies.

#include <fmt/format.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::python {

namespace py = pybind11;

/// Anything that NumPy makes an array of doubles of.
using Array = py::array_t<double, py::array::c_style | py::array::forcecast>;

/// The numbers of `array`. Throws ShapeError, which opens with `what`, where it is not one row.
inline std::span<const double> row_of(const Array& array, const char* what) {
  if (array.ndim() == 1) return {array.data(), static_cast<std::size_t>(array.size())};
  throw ShapeError(fmt::format("{}: expected one row of numbers, found an array of {} dimensions",
                               what, array.ndim()));
}

inline std::vector<double> copy_of(const Array& array, const char* what) {
  const std::span<const double> row = row_of(array, what);
  return {row.begin(), row.end()};
}

/// An array that takes over `values`.
inline py::array_t<double> array_of(std::vector<double> values) {
  auto kept = std::make_unique<std::vector<double>>(std::move(values));
  const py::capsule owner(kept.get(),
                          [](void* numbers) { delete static_cast<std::vector<double>*>(numbers); });
  const std::vector<double>& numbers = *kept.release();
  return py::array_t<double>(static_cast<py::ssize_t>(numbers.size()), numbers.data(), owner);
}

/// `values`, which `owner` keeps, as an array that cannot be written to.
inline py::array_t<double> view_of(const std::vector<double>& values, const py::object& owner) {
  py::array_t<double> array(static_cast<py::ssize_t>(values.size()), values.data(), owner);
  array.attr("setflags")(py::arg("write") = false);
  return array;
}

}  // namespace psi_xlstm::python
