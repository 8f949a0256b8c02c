#pragma once

/// @file
/// Configs of the data generators (devices/published_recipe.hpp, vteam.hpp, mem3.hpp).

#include <array>
#include <vector>

#include "config/limits.hpp"
#include "core/json/config_io.hpp"

namespace psi_xlstm {

/// The published recipe; all else about it is fixed.
struct PublishedRecipeConfig {
  int seed = 42;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("seed", c.seed,
          at_least(0).about(
              "Of the hidden start states and the noise; the study used 42, 123 and 456"));
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
  double v_on = -0.2;
  double v_off = 0.2;
  double k_on = -1.869e-4;
  double k_off = 1.869e-4;
  double alpha_on = 1;
  double alpha_off = 1;
  double r_on = 1e3;
  double r_off = 20e3;
  double w_on = 0;
  double w_off = 3e-9;
  VteamWindow window = VteamWindow::kBiolek;
  double window_power = 2;
  double window_scale = 1;
  double window_a_on = 0.3e-9;
  double window_a_off = 2.7e-9;
  double window_width = 107e-12;
  VteamConduction conduction = VteamConduction::kLinear;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("v_on", c.v_on,
          between(-kLargestVoltage, -1e-6).about("Below it the state moves towards w_on [V]"));
    visit("v_off", c.v_off,
          between(1e-6, kLargestVoltage).about("Above it the state moves towards w_off [V]"));
    visit("k_on", c.k_on, between(-1e12, 0).about("Speed below v_on [m/s]"));
    visit("k_off", c.k_off, between(0, 1e12).about("Speed above v_off [m/s]"));
    visit("alpha_on", c.alpha_on, positive_up_to(100).about("Exponent of the speed below v_on"));
    visit("alpha_off", c.alpha_off, positive_up_to(100).about("Exponent of the speed above v_off"));
    visit("r_on", c.r_on, positive_up_to(kLargestResistance).about("Resistance at w_on [ohm]"));
    visit("r_off", c.r_off, positive_up_to(kLargestResistance).about("Resistance at w_off [ohm]"));
    visit("w_on", c.w_on, between(-1e3, 1e3).about("Smallest state [m]"));
    visit("w_off", c.w_off, between(-1e3, 1e3).about("Largest state [m]"));
    visit("window", c.window, about("How the speed falls near the ends of the state"));
    const bool kvatinsky = c.window == VteamWindow::kKvatinsky;
    const bool has_power = !kvatinsky && c.window != VteamWindow::kNone;
    visit.only_if(has_power, "window", "window_power", c.window_power,
                  between(1, 1000).about("p of the Joglekar, Biolek and Prodromakis windows"));
    visit.only_if(c.window == VteamWindow::kProdromakis, "window", "window_scale", c.window_scale,
                  positive_up_to(1e6).about("j of the Prodromakis window"));
    visit.only_if(
        kvatinsky, "window", "window_a_on", c.window_a_on,
        between(-1e3, 1e3).about("Where the Kvatinsky window falls on the way to w_on [m]"));
    visit.only_if(
        kvatinsky, "window", "window_a_off", c.window_a_off,
        between(-1e3, 1e3).about("Where the Kvatinsky window falls on the way to w_off [m]"));
    visit.only_if(kvatinsky, "window", "window_width", c.window_width,
                  positive_up_to(1e3).about("w_c of the Kvatinsky window [m]"));
    visit("conduction", c.conduction, about("How the resistance follows the state"));
  }
};

/// The rich data set of a VTEAM device: sines, multisines, a ramp and pulse trains.
struct VteamConfig {
  VteamParameters device = {};
  int seed = 1;
  double noise = 0.03;
  double duration = 60e-6;
  double sample_step = 50e-9;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("device", c.device, about("Its parameters; the defaults are the set VT100k"));
    visit("seed", c.seed, at_least(0).about("Of start states, random waveforms and noise"));
    visit("noise", c.noise,
          between(0, kLargestNoise)
              .about("Of the sd of each training and validation record's current"));
    visit("duration", c.duration, positive_up_to(kLongestTime).about("Of each record [s]"));
    visit("sample_step", c.sample_step,
          positive_up_to(kLongestTime).about("Time between samples [s]"));
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
  double g0 = 1e-3;
  std::vector<double> gains = {0.2e-3, 0.2e-3, 0.2e-3};
  std::vector<double> taus = {0.34e-3, 1.2e-3, 8.7e-3};
  Mem3Waveform waveform = Mem3Waveform::kBursts;
  double carrier = 100e3;
  double amplitude = 1;
  double duration = 100e-3;
  double sample_rate = 2e6;
  double noise = 0.03;
  int seed = 1;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("g0", c.g0, positive_up_to(kLargestConductance).about("Conductance at rest [S]"));
    visit("gains", c.gains,
          between(-kLargestConductance, kLargestConductance).about("g_k [S/V^2], one per state"));
    visit("taus", c.taus, positive_up_to(kLongestTime).about("Time constants [s], one per state"));
    visit("waveform", c.waveform, about("How it is driven"));
    visit.only_if(c.waveform == Mem3Waveform::kBursts, "waveform", "carrier", c.carrier,
                  positive_up_to(kLargestFrequency).about("Frequency of the tone in bursts [Hz]"));
    visit("amplitude", c.amplitude,
          positive_up_to(kLargestVoltage).about("Of the drive while it is on [V]"));
    visit("duration", c.duration, positive_up_to(kLongestTime).about("Of a record [s]"));
    visit("sample_rate", c.sample_rate,
          positive_up_to(kLargestFrequency).about("Samples per second [1/s]"));
    visit("noise", c.noise,
          between(0, kLargestNoise).about("Of the sd of each training and validation current"));
    visit("seed", c.seed, at_least(0).about("Of the noise"));
  }
};

}  // namespace psi_xlstm
