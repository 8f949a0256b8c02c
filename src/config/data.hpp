#pragma once

/// @file
/// Configs of the data generators (data/published_recipe.hpp, data/vteam.hpp, data/mem3.hpp).

#include <string>
#include <vector>

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

/// Parameters of one VTEAM device (equations in data/vteam.hpp). Defaults are the set "VT100k",
/// whose loop is wide open at 100 kHz.
struct VteamParameters {
  double v_on = -0.2;                 ///< Below it the state moves towards w_on [V].
  double v_off = 0.2;                 ///< Above it the state moves towards w_off [V].
  double k_on = -1.869e-4;            ///< Speed below v_on [m/s].
  double k_off = 1.869e-4;            ///< Speed above v_off [m/s].
  double alpha_on = 1;                ///< Exponent of the speed below v_on.
  double alpha_off = 1;               ///< Exponent of the speed above v_off.
  double r_on = 1e3;                  ///< Resistance at w_on [ohm].
  double r_off = 20e3;                ///< Resistance at w_off [ohm].
  double w_on = 0;                    ///< Smallest state [m].
  double w_off = 3e-9;                ///< Largest state [m].
  std::string window = "biolek";      ///< How the speed falls near the ends of the state.
  double window_power = 2;            ///< p of the Joglekar, Biolek and Prodromakis windows.
  double window_scale = 1;            ///< j of the Prodromakis window.
  double window_a_on = 0.3e-9;        ///< Where the Kvatinsky window falls on the way to w_on [m].
  double window_a_off = 2.7e-9;       ///< Where the Kvatinsky window falls on the way to w_off [m].
  double window_width = 107e-12;      ///< w_c of the Kvatinsky window [m].
  std::string conduction = "linear";  ///< How the resistance follows the state.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("v_on", c.v_on, Range{.high = -1e-6});
    visit("v_off", c.v_off, at_least(1e-6));
    visit("k_on", c.k_on, Range{.high = 0});
    visit("k_off", c.k_off, at_least(0));
    visit("alpha_on", c.alpha_on, greater_than(0));
    visit("alpha_off", c.alpha_off, greater_than(0));
    visit("r_on", c.r_on, greater_than(0));
    visit("r_off", c.r_off, greater_than(0));
    visit("w_on", c.w_on);
    visit("w_off", c.w_off);
    visit("window", c.window, one_of({"none", "joglekar", "biolek", "prodromakis", "kvatinsky"}));
    visit("window_power", c.window_power, at_least(1));
    visit("window_scale", c.window_scale, greater_than(0));
    visit("window_a_on", c.window_a_on);
    visit("window_a_off", c.window_a_off);
    visit("window_width", c.window_width, greater_than(0));
    visit("conduction", c.conduction, one_of({"linear", "exponential"}));
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
    visit("noise", c.noise, at_least(0));
    visit("duration", c.duration, greater_than(0));
    visit("sample_step", c.sample_step, greater_than(0));
  }
};

/// The device with known time constants (data/mem3.hpp) and how it is driven.
struct Mem3Config {
  double g0 = 1e-3;                                      ///< Conductance at rest [S].
  std::vector<double> gains = {0.2e-3, 0.2e-3, 0.2e-3};  ///< g_k [S/V^2], one per state.
  std::vector<double> taus = {0.34e-3, 1.2e-3, 8.7e-3};  ///< Time constants [s], one per state.
  std::string waveform = "bursts";                       ///< Drive, described in data/mem3.hpp.
  double carrier = 100e3;                                ///< Frequency of the tone in bursts [Hz].
  double amplitude = 1;                                  ///< Of the drive while it is on [V].
  double duration = 100e-3;                              ///< Of a record [s].
  double sample_rate = 2e6;                              ///< [1/s]
  double noise = 0.03;  ///< Of the sd of each training and validation current.
  int seed = 1;         ///< Of the noise.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("g0", c.g0, greater_than(0));
    visit("gains", c.gains);
    visit("taus", c.taus, greater_than(0));
    visit("waveform", c.waveform, one_of({"bursts", "step", "published"}));
    visit("carrier", c.carrier, greater_than(0));
    visit("amplitude", c.amplitude, greater_than(0));
    visit("duration", c.duration, greater_than(0));
    visit("sample_rate", c.sample_rate, greater_than(0));
    visit("noise", c.noise, at_least(0));
    visit("seed", c.seed, at_least(0));
  }
};

}  // namespace psi_xlstm
