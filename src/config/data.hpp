#pragma once

/// @file
/// Configs of the data generators (devices/published_recipe.hpp, vteam.hpp, mem3.hpp).

#include <array>
#include <vector>

#include "config/limits.hpp"
#include "core/config_io.hpp"

namespace psi_xlstm {

/// The published recipe; all else about it is fixed.
struct PublishedRecipeConfig {
  int seed = 42;  ///< Of the hidden start states and the noise; the study used 42, 123 and 456.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("seed", c.seed, at_least(0));
  }
};

/// How the speed of a VTEAM device falls near the ends of its state (devices/vteam.hpp).
enum class VteamWindow { kNone, kJoglekar, kBiolek, kProdromakis, kKvatinsky };

constexpr auto enum_names(VteamWindow) {
  return std::array{
      EnumName{VteamWindow::kNone, "none"}, EnumName{VteamWindow::kJoglekar, "joglekar"},
      EnumName{VteamWindow::kBiolek, "biolek"}, EnumName{VteamWindow::kProdromakis, "prodromakis"},
      EnumName{VteamWindow::kKvatinsky, "kvatinsky"}};
}

/// How the resistance of a VTEAM device follows its state.
enum class VteamConduction { kLinear, kExponential };

constexpr auto enum_names(VteamConduction) {
  return std::array{EnumName{VteamConduction::kLinear, "linear"},
                    EnumName{VteamConduction::kExponential, "exponential"}};
}

/// Parameters of one VTEAM device (equations in devices/vteam.hpp). Defaults are the set "VT100k",
/// whose loop is wide open at 100 kHz.
struct VteamParameters {
  double v_on = -0.2;       ///< Below it the state moves towards w_on [V].
  double v_off = 0.2;       ///< Above it the state moves towards w_off [V].
  double k_on = -1.869e-4;  ///< Speed below v_on [m/s].
  double k_off = 1.869e-4;  ///< Speed above v_off [m/s].
  double alpha_on = 1;      ///< Exponent of the speed below v_on.
  double alpha_off = 1;     ///< Exponent of the speed above v_off.
  double r_on = 1e3;        ///< Resistance at w_on [ohm].
  double r_off = 20e3;      ///< Resistance at w_off [ohm].
  double w_on = 0;          ///< Smallest state [m].
  double w_off = 3e-9;      ///< Largest state [m].
  VteamWindow window = VteamWindow::kBiolek;
  double window_power = 2;        ///< p of the Joglekar, Biolek and Prodromakis windows.
  double window_scale = 1;        ///< j of the Prodromakis window.
  double window_a_on = 0.3e-9;    ///< Where the Kvatinsky window falls on the way to w_on [m].
  double window_a_off = 2.7e-9;   ///< Where the Kvatinsky window falls on the way to w_off [m].
  double window_width = 107e-12;  ///< w_c of the Kvatinsky window [m].
  VteamConduction conduction = VteamConduction::kLinear;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("v_on", c.v_on, between(-kLargestVoltage, -1e-6));
    visit("v_off", c.v_off, between(1e-6, kLargestVoltage));
    visit("k_on", c.k_on, between(-1e12, 0));
    visit("k_off", c.k_off, between(0, 1e12));
    visit("alpha_on", c.alpha_on, positive_up_to(100));
    visit("alpha_off", c.alpha_off, positive_up_to(100));
    visit("r_on", c.r_on, positive_up_to(kLargestResistance));
    visit("r_off", c.r_off, positive_up_to(kLargestResistance));
    visit("w_on", c.w_on, between(-1e3, 1e3));
    visit("w_off", c.w_off, between(-1e3, 1e3));
    visit("window", c.window);
    const bool kvatinsky = c.window == VteamWindow::kKvatinsky;
    const bool has_power = !kvatinsky && c.window != VteamWindow::kNone;
    visit.only_if(has_power, "window", "window_power", c.window_power, between(1, 1000));
    visit.only_if(c.window == VteamWindow::kProdromakis, "window", "window_scale", c.window_scale,
                  positive_up_to(1e6));
    visit.only_if(kvatinsky, "window", "window_a_on", c.window_a_on, between(-1e3, 1e3));
    visit.only_if(kvatinsky, "window", "window_a_off", c.window_a_off, between(-1e3, 1e3));
    visit.only_if(kvatinsky, "window", "window_width", c.window_width, positive_up_to(1e3));
    visit("conduction", c.conduction);
  }
};

/// The rich data set of a VTEAM device: sines, multisines, a ramp and pulse trains.
struct VteamConfig {
  VteamParameters device = {};
  int seed = 1;                ///< Of start states, random waveforms and noise.
  double noise = 0.03;         ///< Of the sd of each training and validation record's current.
  double duration = 60e-6;     ///< Of each record [s].
  double sample_step = 50e-9;  ///< Time between samples [s].

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("device", c.device);
    visit("seed", c.seed, at_least(0));
    visit("noise", c.noise, between(0, kLargestNoise));
    visit("duration", c.duration, positive_up_to(kLongestTime));
    visit("sample_step", c.sample_step, positive_up_to(kLongestTime));
  }
};

/// Drive of the device with known time constants (devices/mem3.hpp).
enum class Mem3Waveform { kBursts, kStep, kPublished };

constexpr auto enum_names(Mem3Waveform) {
  return std::array{EnumName{Mem3Waveform::kBursts, "bursts"},
                    EnumName{Mem3Waveform::kStep, "step"},
                    EnumName{Mem3Waveform::kPublished, "published"}};
}

/// The device with known time constants (devices/mem3.hpp) and how it is driven.
struct Mem3Config {
  double g0 = 1e-3;                                      ///< Conductance at rest [S].
  std::vector<double> gains = {0.2e-3, 0.2e-3, 0.2e-3};  ///< g_k [S/V^2], one per state.
  std::vector<double> taus = {0.34e-3, 1.2e-3, 8.7e-3};  ///< Time constants [s], one per state.
  Mem3Waveform waveform = Mem3Waveform::kBursts;
  double carrier = 100e3;    ///< Frequency of the tone in bursts [Hz].
  double amplitude = 1;      ///< Of the drive while it is on [V].
  double duration = 100e-3;  ///< Of a record [s].
  double sample_rate = 2e6;  ///< [1/s]
  double noise = 0.03;       ///< Of the sd of each training and validation current.
  int seed = 1;              ///< Of the noise.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("g0", c.g0, positive_up_to(kLargestConductance));
    visit("gains", c.gains, between(-kLargestConductance, kLargestConductance));
    visit("taus", c.taus, positive_up_to(kLongestTime));
    visit("waveform", c.waveform);
    visit.only_if(c.waveform == Mem3Waveform::kBursts, "waveform", "carrier", c.carrier,
                  positive_up_to(kLargestFrequency));
    visit("amplitude", c.amplitude, positive_up_to(kLargestVoltage));
    visit("duration", c.duration, positive_up_to(kLongestTime));
    visit("sample_rate", c.sample_rate, positive_up_to(kLargestFrequency));
    visit("noise", c.noise, between(0, kLargestNoise));
    visit("seed", c.seed, at_least(0));
  }
};

}  // namespace psi_xlstm
