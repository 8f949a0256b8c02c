#include "psi_xlstm/model/device_model.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/identifier.hpp"
#include "hdl/model_files.hpp"
#include "model/model.hpp"
#include "model/predict.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {

struct DeviceModel::Content {
  std::unique_ptr<const model::Model> model;
};

DeviceModel::DeviceModel(const std::filesystem::path& file)
    : content_(std::make_shared<Content>(Content{model::load(file)})) {}

const std::string& DeviceModel::name() const { return content_->model->about().name; }

DeviceModel::Prediction DeviceModel::predict(const Record& drive, std::optional<double> g0) const {
  const std::size_t ports = content_->model->about().ports.size();
  if (ports != 1) {
    throw DataError(fmt::format("model {}: expected one port, found {}", name(), ports));
  }
  Record record = drive;
  std::vector<std::string> warnings = model::predict_in_place(*content_->model, g0, record);
  return {.current = std::move(record.current.at(0)), .warnings = std::move(warnings)};
}

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
