#include "psi_xlstm/psi_model.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/explanation.hpp"
#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/model/device_model.hpp"

// DeviceModel for callers in C. No exception passes from here.

struct psi_model {
  psi_xlstm::DeviceModel model;
  psi_xlstm::DeviceRun run;
};

namespace {

std::string& last_error() {
  thread_local std::string one;
  return one;
}

std::optional<double> start_from(double g0) {
  if (g0 == PSI_START_OF_MODEL) return std::nullopt;
  return g0;
}

void expect_given(bool given, const char* what) {
  if (!given) throw psi_xlstm::DataError(std::string(what) + ": expected a pointer, found NULL");
}

// What `body` returns, or `failed` where it throws.
template <class Result, class Body>
Result without_exceptions(Result failed, Body&& body) noexcept {
  try {
    try {
      return std::forward<Body>(body)();
    } catch (const std::exception& e) {
      last_error() = psi_xlstm::printable(psi_xlstm::explanation(e));
    }
  } catch (...) {
    last_error().clear();  // Not even memory for the sentence.
  }
  return failed;
}

}  // namespace

psi_model* psi_model_load(const char* file) {
  return without_exceptions<psi_model*>(nullptr, [&] {
    expect_given(file != nullptr, "psi_model_load: file");
    const psi_xlstm::DeviceModel model{std::filesystem::path(file)};
    return new psi_model{model, model.start()};
  });
}

void psi_model_free(psi_model* model) { delete model; }

const char* psi_model_name(const psi_model* model) {
  return model == nullptr ? "" : model->model.name().c_str();
}

size_t psi_model_state_count(const psi_model* model) {
  return model == nullptr ? 0 : static_cast<size_t>(model->model.state_count());
}

int psi_model_simulate(const psi_model* model,
                       size_t samples,
                       const double* time,
                       const double* voltage,
                       double g0,
                       double* current) {
  return without_exceptions(PSI_FAILED, [&] {
    expect_given(model != nullptr, "psi_model_simulate: model");
    expect_given(samples == 0 || (time != nullptr && voltage != nullptr && current != nullptr),
                 "psi_model_simulate: time, voltage, current");
    const std::vector<double> answer =
        model->model.simulate({time, samples}, {voltage, samples}, start_from(g0)).current;
    std::copy(answer.begin(), answer.end(), current);
    return PSI_DONE;
  });
}

int psi_model_start(psi_model* model, double g0) {
  return without_exceptions(PSI_FAILED, [&] {
    expect_given(model != nullptr, "psi_model_start: model");
    model->run = model->model.start(start_from(g0));
    return PSI_DONE;
  });
}

int psi_model_step(psi_model* model, double time, double voltage, double* current) {
  return without_exceptions(PSI_FAILED, [&] {
    expect_given(model != nullptr && current != nullptr, "psi_model_step: model, current");
    *current = model->run.step(time, voltage);
    return PSI_DONE;
  });
}

int psi_model_states(const psi_model* model, double* states) {
  return without_exceptions(PSI_FAILED, [&] {
    expect_given(model != nullptr && states != nullptr, "psi_model_states: model, states");
    const std::vector<double> now = model->run.states();
    if (now.size() != psi_model_state_count(model)) {
      throw psi_xlstm::DataError("psi_model_states: expected a step before it, found none");
    }
    std::copy(now.begin(), now.end(), states);
    return PSI_DONE;
  });
}

const char* psi_last_error(void) { return last_error().c_str(); }
