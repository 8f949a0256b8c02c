#pragma once

/// @file
/// A simulator of one device: loads a compiled model and shows what it computes.

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "hdl/osdi/runtime/abi.h"

namespace psi_xlstm::testing {

/// The messages of all models of this process since the last look.
inline std::vector<std::string>& osdi_messages() {
  static std::vector<std::string> messages;
  return messages;
}

inline void take_osdi_message(void*, char* message, std::uint32_t level) {
  osdi_messages().push_back(std::to_string(level) + " " + message);
  std::free(message);
}

/// A library that stays loaded until the process ends.
class OsdiModel {
 public:
  explicit OsdiModel(const std::filesystem::path& file)
      : handle_(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw std::runtime_error(dlerror());
    *static_cast<void (**)(void*, char*, std::uint32_t)>(symbol("osdi_log")) = take_osdi_message;
  }

  void* symbol(const char* name) const {
    void* const found = dlsym(handle_, name);
    if (found == nullptr) throw std::runtime_error(dlerror());
    return found;
  }
  std::uint32_t number(const char* name) const {
    return *static_cast<const std::uint32_t*>(symbol(name));
  }
  const OsdiDescriptor& descriptor() const {
    return *static_cast<const OsdiDescriptor*>(symbol("OSDI_DESCRIPTORS"));
  }

 private:
  void* handle_;
};

/// One device, of which node i is node i + 1 of the circuit.
class OsdiDevice {
 public:
  explicit OsdiDevice(const OsdiModel& model)
      : descriptor_(model.descriptor()),
        nodes_(descriptor_.node_count),
        instance_(std::aligned_alloc(16, descriptor_.instance_size), std::free),
        resist_(nodes_ * nodes_),
        react_(nodes_ * nodes_) {
    std::memset(instance_.get(), 0, descriptor_.instance_size);
    auto* const mapping = at<std::uint32_t>(descriptor_.node_mapping);
    for (std::uint32_t i = 0; i < nodes_; ++i) mapping[i] = i + 1;
    auto** const pointers = at<double*>(descriptor_.resist_pointers);
    for (std::uint32_t e = 0; e < descriptor_.entry_count; ++e) {
      const OsdiJacobianEntry& entry = descriptor_.entries[e];
      const std::size_t place = entry.nodes.row * nodes_ + entry.nodes.column;
      pointers[e] = &resist_[place];
      if (entry.react_pointer != OSDI_NONE) *at<double*>(entry.react_pointer) = &react_[place];
    }
  }

  /// Sets a parameter, which must exist; before setup().
  void set(const std::string& name, double value) {
    const std::uint32_t id = find(name, 0, descriptor_.parameter_count);
    void* const to = descriptor_.access(instance_.get(), nullptr, id, OSDI_ACCESS_SET | 4);
    if ((descriptor_.parameters[id].flags & 3) == OSDI_TYPE_INTEGER) {
      *static_cast<std::int32_t*>(to) = static_cast<std::int32_t>(value);
    } else {
      *static_cast<double*>(to) = value;
    }
  }

  /// The density of every noise source after evaluate() [A^2/Hz].
  std::vector<double> noise() const {
    std::vector<double> density(descriptor_.noise_source_count, -1.0);
    descriptor_.load_noise(instance_.get(), nullptr, 1e3, density.data());
    return density;
  }

  /// Returns the flags of the initialisation; at 300 K.
  std::uint32_t setup() {
    OsdiInitInfo info;
    std::memset(&info, 0x5a, sizeof info);  // ngspice hands it over uninitialised
    descriptor_.setup_instance(nullptr, instance_.get(), nullptr, 300, descriptor_.terminal_count,
                               nullptr, &info);
    return info.flags;
  }

  /// Evaluates at the node voltages `v` [nodes] and collects residuals and matrices.
  std::uint32_t evaluate(const std::vector<double>& v, std::uint32_t flags) {
    solution_ = v;
    solution_.insert(solution_.begin(), 0.0);
    OsdiSimulatorInfo info{};
    info.solution = solution_.data();
    info.flags = flags;
    const std::uint32_t returned = descriptor_.evaluate(nullptr, instance_.get(), nullptr, &info);
    resist_.assign(resist_.size(), 0.0);
    react_.assign(react_.size(), 0.0);
    descriptor_.load_jacobian_resist(instance_.get(), nullptr);
    descriptor_.load_jacobian_react(instance_.get(), nullptr, 1.0);
    return returned;
  }

  std::vector<double> residual() const { return loaded(descriptor_.load_residual_resist); }
  std::vector<double> charge() const { return loaded(descriptor_.load_residual_react); }

  /// The right side of a transient with the factor `alpha` of the charges [1/s].
  std::vector<double> rhs(double alpha) {
    std::vector<double> to(nodes_ + 1, 0.0);
    descriptor_.load_spice_rhs_tran(instance_.get(), nullptr, to.data(), solution_.data(), alpha);
    return {to.begin() + 1, to.end()};
  }

  double resist(std::size_t row, std::size_t column) const {
    return resist_[row * nodes_ + column];
  }
  double react(std::size_t row, std::size_t column) const { return react_[row * nodes_ + column]; }

  /// An operating-point variable.
  double output(const std::string& name) const {
    const std::uint32_t end = descriptor_.parameter_count + descriptor_.output_count;
    const std::uint32_t id = find(name, descriptor_.parameter_count, end);
    return *static_cast<const double*>(descriptor_.access(instance_.get(), nullptr, id, 0));
  }
  double bound_step() const { return *at<double>(descriptor_.bound_step); }
  std::size_t nodes() const { return nodes_; }
  void* instance() const { return instance_.get(); }

 private:
  template <class T>
  T* at(std::uint32_t offset) const {
    return reinterpret_cast<T*>(static_cast<char*>(instance_.get()) + offset);
  }

  std::uint32_t find(const std::string& name, std::uint32_t id, std::uint32_t end) const {
    for (; id < end; ++id) {
      const OsdiParameter& p = descriptor_.parameters[id];
      for (std::uint32_t k = 0; k <= p.aliases; ++k) {
        if (name == p.name[k]) return id;
      }
    }
    throw std::invalid_argument("no parameter " + name);
  }

  std::vector<double> loaded(void (*load)(void*, void*, double*)) const {
    std::vector<double> to(nodes_ + 1, 0.0);
    load(instance_.get(), nullptr, to.data());
    return {to.begin() + 1, to.end()};
  }

  const OsdiDescriptor& descriptor_;
  std::size_t nodes_;
  std::unique_ptr<void, decltype(&std::free)> instance_;
  std::vector<double> resist_, react_, solution_;
};

}  // namespace psi_xlstm::testing
