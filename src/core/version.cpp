#include "psi_xlstm/core/version.hpp"

#include <ceres/version.h>
#include <fmt/format.h>
#include <openssl/opensslv.h>
#include <sundials/sundials_config.h>

#include <Eigen/Core>
#include <nlohmann/json.hpp>

namespace psi_xlstm {

std::string version() { return PSI_VERSION; }

std::map<std::string, std::string> library_versions() {
  return {{"ceres", CERES_VERSION_STRING},
          {"compiler", __VERSION__},
          {"eigen",
           fmt::format("{}.{}.{}", EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION)},
          {"nlohmann_json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                                        NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)},
          {"openssl", OPENSSL_VERSION_TEXT},
          {"sundials", SUNDIALS_VERSION}};
}

}  // namespace psi_xlstm
