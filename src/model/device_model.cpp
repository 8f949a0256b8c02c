#include "psi_xlstm/model/device_model.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "core/identifier.hpp"
#include "data/record_check.hpp"
#include "hdl/model_files.hpp"
#include "model/model.hpp"
#include "model/predict.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

void check_one_port(const model::Model& model) {
  const std::size_t ports = model.about().ports.size();
  if (ports == 1) return;
  throw DataError(fmt::format("model {}: expected one port, found {}", model.about().name, ports));
}

void check_start(std::optional<double> g0) {
  constexpr double kLargest = 1e18;
  if (!g0 || (*g0 > 0 && *g0 <= kLargest)) return;
  throw ConfigError(
      fmt::format("g0: expected a number > 0 and at most {} (in S), found {}", kLargest, *g0));
}

}  // namespace

DeviceRun::DeviceRun(std::unique_ptr<Streamer> streamer) : streamer_(std::move(streamer)) {}
DeviceRun::~DeviceRun() = default;
DeviceRun::DeviceRun(DeviceRun&& other) noexcept = default;
DeviceRun& DeviceRun::operator=(DeviceRun&& other) noexcept = default;

double DeviceRun::step(double time, double voltage) {
  if (!std::isfinite(time) || !std::isfinite(voltage)) {
    throw DataError(fmt::format(
        "step: expected a finite time and a finite voltage, found {} s and {} V", time, voltage));
  }
  if (last_ && time == *last_) {
    throw DataError(
        fmt::format("step: expected another time than that of the last sample, found {} s "
                    "again",
                    time));
  }
  last_ = time;
  const double current = streamer_->step(time, voltage);
  if (std::isfinite(current)) return current;
  throw DataError(fmt::format(
      "step to {} s: expected a finite current, found {}: the model does not hold under this "
      "voltage",
      time, current));
}

std::vector<double> DeviceRun::states() const { return streamer_->states(); }

struct DeviceModel::Content {
  std::unique_ptr<const model::Model> model;
};

DeviceModel::DeviceModel(std::unique_ptr<const model::Model> model)
    : content_(std::make_shared<Content>(Content{std::move(model)})) {}

DeviceModel::DeviceModel(const std::filesystem::path& file) : DeviceModel(model::load(file)) {}

const std::string& DeviceModel::name() const { return content_->model->about().name; }

int DeviceModel::state_count() const { return content_->model->about().states; }

DeviceModel::TrainingRange DeviceModel::trained_on() const {
  const ir::TrainingBox& box = content_->model->about().box;
  return {.voltage_low = box.voltage_min.at(0),
          .voltage_high = box.voltage_max.at(0),
          .conductance_low = box.conductance_min,
          .conductance_high = box.conductance_max,
          .step = content_->model->about().reference_step};
}

DeviceModel::Prediction DeviceModel::predict(const Record& drive, std::optional<double> g0) const {
  check_one_port(*content_->model);
  check_start(g0);
  Record record = drive;
  std::vector<std::string> warnings = model::predict_in_place(*content_->model, g0, record);
  return {.current = std::move(record.current.at(0)), .warnings = std::move(warnings)};
}

DeviceModel::Prediction DeviceModel::simulate(std::span<const double> time,
                                              std::span<const double> voltage,
                                              std::optional<double> g0) const {
  Record drive;
  drive.id = "drive";
  drive.time.assign(time.begin(), time.end());
  drive.voltage.emplace_back(voltage.begin(), voltage.end());
  check_drive(drive);
  check_one_port(*content_->model);
  check_start(g0);
  std::vector<std::string> warnings = model::predict_in_place(*content_->model, g0, drive);
  return {.current = std::move(drive.current.at(0)), .warnings = std::move(warnings)};
}

DeviceRun DeviceModel::start(std::optional<double> g0) const {
  const model::Model& model = *content_->model;
  check_one_port(model);
  check_start(g0);
  double start = 1;
  if (model.about().sees == model::SecondInput::kStart) start = g0.value_or(model.starts().middle);
  return DeviceRun(model.streamer(start, Precision::kDouble));
}

void DeviceModel::save(const std::filesystem::path& file) const { content_->model->save(file); }

DeviceModel::EmittedFiles DeviceModel::emit(const std::filesystem::path& folder,
                                            const std::string& name) const {
  ir::Network network = content_->model->circuit_network();
  if (!name.empty()) network.name = checked_identifier(name, "name");
  hdl::ModelFiles written =
      hdl::write_model_files(network, folder, content_->model->about().data_checksum);
  return {.files = std::move(written.files),
          .left_out = std::move(written.left_out),
          .renamed = std::move(written.renamed)};
}

}  // namespace psi_xlstm
