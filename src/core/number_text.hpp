#pragma once

/// @file
/// Numbers as text: exact for files, short for people.

#include <string>
#include <string_view>

namespace psi_xlstm {

/// The shortest decimal text that reads back as exactly `value`, in the common form of real numbers
/// in SPICE and Verilog-A: digits on both sides of a point and/or an exponent ("1.0", "0.1",
/// "1e-25", "-0.0"). Throws EmitError for NaN and infinity, which neither language has.
std::string shortest(double value);

/// `value` with three significant digits and an SI prefix for `unit`: "12.3 us", "1.00 mS". A unit
/// that is not a plain word ("1/s", "A^2", "%", "") takes no prefix: "-14.3 1/s", "7.07e-8 A^2".
/// NaN is "n/a", infinity "inf" or "-inf", zero "0" with the unit.
std::string engineering(double value, std::string_view unit);

}  // namespace psi_xlstm
