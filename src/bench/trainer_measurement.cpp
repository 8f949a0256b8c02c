#include "bench/trainer_measurement.hpp"

#include "core/atomic_file.hpp"
#include "core/temporary_folder.hpp"
#include "jobs/partner.hpp"
#include "jobs/pool.hpp"

namespace psi_xlstm {

TrainerMeasurement measure_in_trainer(const std::string& kind,
                                      const std::string& name,
                                      const nlohmann::json& settings,
                                      const TaskProgress& progress) {
  const TemporaryFolder folder("bench");
  const Job job{.kind = kind,
                .name = name,
                .program = trainer_program().string(),
                .outputs = {{"result", folder.path() / "result.json"}},
                .settings = settings};
  const JobReport report =
      LocalPool({.processes = 1})
          .run({{.job = job}}, [&](std::size_t, double done, const std::string& detail) {
            progress(done, detail);
          });
  TrainerMeasurement measurement{.interrupted = report.interrupted};
  if (report.outcomes.front().done) {
    measurement.text = read_file(job.output("result"));
  } else {
    measurement.reason = name + ": " + report.outcomes.front().reason;
  }
  return measurement;
}

}  // namespace psi_xlstm
