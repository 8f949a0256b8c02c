#include "studies/compact/fit_request.hpp"

#include "core/identifier.hpp"
#include "core/json/config_io.hpp"

namespace psi_xlstm {

StudyConfig fit_study(const FitRequest& request, const std::vector<std::string>& files) {
  StudyConfig config;
  config.model = request.name.empty() ? identifier_from(request.stem)
                                      : checked_identifier(request.name, "--name");
  config.study = config.model;
  config.seeds = {request.seed};
  config.data.source = DataSource::kCsv;
  for (const std::string& file : files) {
    config.data.files.push_back(std::filesystem::absolute(file).lexically_normal().string());
  }
  config.data.reading = request.reading;
  config.data.sign = request.sign;
  config.data.split = request.split;
  config.data.correct = request.correct;
  config.data.continuous = request.continuous;
  config.data.noise = request.noise;
  config.data.initial_conductance = request.g0;
  config.fit.seed = request.seed;
  config.fit.curriculum = Curriculum::kBoth;
  config.selection = {.enabled = true, .states = request.states, .features = request.features};
  config.time_constants.enabled = request.time_constants;
  config.cosimulate = request.cosimulate;
  config.cosim.limit = config.cosim.limit_training_like = 1e-3;
  // Every option is held against the range that a file's would be.
  return config_from_json<StudyConfig>(nlohmann::json(config_tree(config)), "fit");
}

}  // namespace psi_xlstm
