// A trained model in a program of one's own: reads a CSV file with time and voltage, prints the
// current that the model predicts, writes the model's circuit forms.
//
// Usage: example MODEL.safetensors DRIVE.csv FOLDER

#include <cstdio>
#include <psi_xlstm/core/error.hpp>
#include <psi_xlstm/core/version.hpp>
#include <psi_xlstm/data/readers/reading.hpp>
#include <psi_xlstm/model/device_model.hpp>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: example MODEL.safetensors DRIVE.csv FOLDER\n");
    return 1;
  }
  try {
    const psi_xlstm::DeviceModel model(argv[1]);
    std::printf("psi_xlstm %s, model %s\n", psi_xlstm::version().c_str(), model.name().c_str());
    for (const psi_xlstm::Record& drive :
         psi_xlstm::read_records({argv[2]}, {.fewest_samples = 2, .current_required = false})) {
      const psi_xlstm::DeviceModel::Prediction answer = model.predict(drive);
      for (const std::string& warning : answer.warnings) {
        std::fprintf(stderr, "%s\n", warning.c_str());
      }
      for (std::size_t i = 0; i < drive.size(); ++i) {
        std::printf("%.9g %.9g %.9g\n", drive.time[i], drive.voltage[0][i], answer.current[i]);
      }
    }
    for (const std::filesystem::path& file : model.emit(argv[3], "example_device").files) {
      std::printf("%s\n", file.c_str());
    }
  } catch (const psi_xlstm::Error& e) {
    std::fprintf(stderr, "example: %s\n", e.what());
    return 1;
  }
  return 0;
}
