#pragma once

#include <stdexcept>

namespace psi_xlstm {

/// Base of every exception this library throws on purpose. `what()` is one complete sentence for
/// the user: where, what was expected, what was found.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A JSON config or a command-line option is wrong.
struct ConfigError : Error {
  using Error::Error;
};

/// A data file or a data set is wrong.
struct DataError : Error {
  using Error::Error;
};

/// A vector or a matrix has the wrong shape.
struct ShapeError : Error {
  using Error::Error;
};

/// A model cannot be written in the wanted form.
struct EmitError : Error {
  using Error::Error;
};

/// ngspice could not be started, or refused the netlist before it simulated anything.
struct SpiceError : Error {
  using Error::Error;
};

}  // namespace psi_xlstm
