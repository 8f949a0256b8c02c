#include "psi_xlstm/model/device_model.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "hdl/osdi/library.hpp"
#include "ir/dynamics.hpp"
#include "model/compact_model.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"
#include "support/uniform_times.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

fs::path folder() { return fs::path(::testing::TempDir()) / "device_model_test"; }

DeviceModel stored(const ir::Network& network) {
  const fs::path file = folder() / (network.name + ".safetensors");
  save_model(file, {.network = network});
  return DeviceModel(file);
}

Record short_drive() {
  Record drive;
  drive.id = "short";
  drive.time = testing::uniform_times(50, 1e-6);
  drive.voltage = {testing::two_tones(drive.time, 0.5, 1e4)};
  return drive;
}

TEST(DeviceModel, PredictsTheCurrentOfACharge) {
  const ir::Network network = testing::with_charges(testing::one_state());
  const Record drive = short_drive();
  const DeviceModel::Prediction found = stored(network).predict(drive, 3e-4);
  EXPECT_EQ(found.current,
            ir::simulate(network, drive.time, drive.voltage, ir::initial_state(network, 3e-4))
                .currents[0]);
}

// A name that no simulator takes concerns only who emits the model.
TEST(DeviceModel, PredictsWhateverItIsCalled) {
  ir::Network network = testing::one_state();
  const std::vector<double> expected = stored(network).predict(short_drive()).current;
  network.name = "memristor";
  EXPECT_EQ(stored(network).predict(short_drive()).current, expected);
}

TEST(DeviceModel, RefusesATimeThatComesTwice) {
  DeviceRun run = stored(testing::with_charges(testing::one_state())).start(3e-4);
  run.step(0, 0.1);
  run.step(1e-6, 0.2);
  EXPECT_THROW(run.step(1e-6, 0.3), DataError);
}

TEST(DeviceModel, RefusesToPredictWithSeveralPorts) {
  const DeviceModel model = stored(testing::transistor());
  try {
    model.predict(short_drive());
    FAIL() << "expected a DataError";
  } catch (const DataError& e) {
    EXPECT_STREQ(e.what(), "model transistor: expected one port, found 2");
  }
}

TEST(DeviceModel, EmitsEveryFormOfADeviceWithCharges) {
  const DeviceModel::EmittedFiles emitted = stored(testing::transistor()).emit(folder(), "tr");
  std::vector<std::string> names;
  for (const fs::path& file : emitted.files) names.push_back(file.filename().string());
  std::vector<std::string> expected = {"tr.va", "tr.sp", "tr.c"};
  if (hdl::c_compiler()) expected.push_back("tr.osdi");
  for (const char* name : {"tr.sym", "tr.kicad_sym", "tr.USE.md"}) expected.emplace_back(name);
  EXPECT_EQ(names, expected);
}

}  // namespace
}  // namespace psi_xlstm
