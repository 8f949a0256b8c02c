#pragma once

/// @file
/// Spectra of currents: Hann window w_n = (1 - cos(2 pi n / N)) / 2, discrete Fourier transform.
///
/// Axes: N samples, F frequencies. Samples that are not evenly spaced are interpolated linearly to
/// N even ones first. A length with a prime factor above 7 is padded with zeros after the window.

#include <optional>
#include <span>
#include <vector>

namespace psi_xlstm {

/// One-sided amplitude spectrum.
struct Spectrum {
  std::vector<double> frequency;  ///< [Hz], [F], from 0 to half the sampling rate.
  std::vector<double> amplitude;  ///< [A], [F]: a sine of amplitude a on a bin shows as a there.
};

/// The spectrum of `current` [A], [N] sampled at `time` [s], [N]. Throws ShapeError if the lengths
/// differ, DataError for fewer than eight samples or times that do not increase.
Spectrum amplitude_spectrum(std::span<const double> time, std::span<const double> current);

/// Frequencies low <= f < high [Hz].
struct Band {
  double low = 0;
  double high = 0;
};

/// The error within one band.
struct BandError {
  Band band;
  std::optional<double> error;  ///< E_b, dimensionless; absent if the band holds only noise.
};

/// Per band E_b = |Y_p - Y| / |Y|, norms of the transforms over the band's frequencies, of the
/// reference and of the predicted current [A], [N]. `noise_sd` [A] is the standard deviation of
/// the white noise on the reference (0 for a noise-free one); its expected power is taken off both
/// norms. A band whose power is within three standard deviations of that of the noise alone has no
/// error. Throws as amplitude_spectrum does.
std::vector<BandError> band_errors(std::span<const double> time,
                                   std::span<const double> reference,
                                   std::span<const double> predicted,
                                   std::span<const Band> bands,
                                   double noise_sd = 0);

}  // namespace psi_xlstm
