#pragma once

/// @file
/// What the fields of a config mean stands once, in fields() of its type: it is what a user reads
/// (core/json/config_description.hpp).
///
/// The largest values that a config may hold: beyond anything that is measured, and far from where
/// numbers overflow.

namespace psi_xlstm {

inline constexpr double kLargestVoltage = 1e6;      ///< [V]
inline constexpr double kLargestConductance = 1e6;  ///< [S]
inline constexpr double kLargestResistance = 1e18;  ///< [ohm]
inline constexpr double kLargestFrequency = 1e15;   ///< [Hz]
inline constexpr double kLongestTime = 1e9;         ///< [s]
inline constexpr double kLargestNoise = 100;        ///< Of the sd of a current.

}  // namespace psi_xlstm
