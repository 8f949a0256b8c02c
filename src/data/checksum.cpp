#include "data/checksum.hpp"

#include <complex>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/sha256.hpp"

namespace psi_xlstm {
namespace {

// Every thing goes in with its size before it, so that nothing can move from one to the next.
class Feed {
 public:
  void operator()(std::uint64_t number) {
    sum_.add(std::string_view(reinterpret_cast<const char*>(&number), sizeof number));
  }
  void operator()(const std::string& text) {
    (*this)(text.size());
    sum_.add(text);
  }
  void operator()(double value) { sum_.add(std::span(&value, 1)); }
  void operator()(const std::complex<double>& value) {
    (*this)(value.real());
    (*this)(value.imag());
  }
  void operator()(const std::optional<double>& value) {
    (*this)(std::uint64_t{value.has_value()});
    if (value) (*this)(*value);
  }
  void operator()(const std::vector<double>& values) {
    (*this)(values.size());
    sum_.add(values);
  }
  void operator()(int index) { (*this)(static_cast<std::uint64_t>(index)); }
  template <class T>
  void operator()(const std::vector<T>& list) {
    (*this)(list.size());
    for (const T& one : list) (*this)(one);
  }

  // The names of all fields stand here: one that is added to a type must be decided on here before
  // this compiles again.
  void operator()(const AdmittancePoint& point) {
    const auto& [frequency, bias, admittance] = point;
    (*this)(frequency);
    (*this)(bias);
    (*this)(admittance);
  }
  void operator()(const Record& record) {
    const auto& [id, kind, ports, reference_terminal, time, voltage, current, clean_current,
                 initial_conductance, admittance, remarks] = record;
    static_cast<void>(remarks);
    (*this)(id);
    (*this)(static_cast<int>(kind));
    (*this)(ports);
    (*this)(reference_terminal);
    (*this)(time);
    (*this)(voltage);
    (*this)(current);
    (*this)(clean_current);
    (*this)(initial_conductance);
    (*this)(admittance);
  }
  void operator()(const Split& split) {
    const auto& [train, validation, test] = split;
    (*this)(train);
    (*this)(validation);
    (*this)(test);
  }
  void operator()(const Dataset& dataset) {
    const auto& [records, split, continuous, leave_one_out, noise, source] = dataset;
    static_cast<void>(source);
    (*this)(records);
    (*this)(split);
    (*this)(std::uint64_t{continuous});
    if (leave_one_out) (*this)(std::uint64_t{leave_one_out});
    (*this)(noise);
  }

  std::string hex() const { return sum_.hex(); }

 private:
  Sha256 sum_;
};

}  // namespace

std::string checksum(const Dataset& dataset) {
  Feed feed;
  feed(dataset);
  return feed.hex();
}

}  // namespace psi_xlstm
