// psi_trainer: the part of psi that needs LibTorch, as a program of its own. It does one job
// (jobs/job.hpp) and sends messages of its progress on standard output.

#include <fmt/format.h>
#include <malloc.h>

#include <csignal>
#include <cstdio>

#include "bench/stream_benchmark.hpp"
#include "bench/train_benchmark.hpp"
#include "core/atomic_file.hpp"
#include "core/json/config_io.hpp"
#include "core/leftovers.hpp"
#include "jobs/job.hpp"
#include "jobs/message.hpp"
#include "jobs/partner.hpp"
#include "psi_xlstm/core/error.hpp"
#include "studies/networks/torch/training.hpp"
#include "training/blas.hpp"

namespace {

using namespace psi_xlstm;

constexpr int kDone = 0, kWrongInput = 1, kFailed = 2;

volatile std::sig_atomic_t interrupted = 0;

struct Interrupted {};

// Sends the progress to `output`; ends the training where it was asked to, at a place it can go on
// from. Where nobody listens, the job is done all the same.
TaskProgress reporter(const Descriptor& output) {
  return [&output](double done, const std::string& detail) {
    send(output.number(), {{{"kind", "progress"}, {"done", done}, {"detail", detail}}, {}});
    if (interrupted) throw Interrupted{};
  };
}

int say(int code, const std::string& sentence) {
  fmt::print(stderr, "psi_trainer: error: {}\n", sentence);
  return code;
}

int train(const Job& job, const TaskProgress& report) {
  const auto study = read_config<NetworkStudyConfig>(job.input("config"));
  const int index = job.number("network", 0, static_cast<int>(study.networks.size()) - 1);
  const auto outcome = train_network(study, index, job.seed, job.output("run"), report);
  return outcome.usable ? kDone : say(kFailed, outcome.reason);
}

int bench_train(const Job& job, const TaskProgress& report) {
  write_file(job.output("result"), config_text(train_benchmark(report)));
  return kDone;
}

int bench_stream(const Job& job, const TaskProgress& report) {
  const StreamBenchmarkOptions options{.samples = job.number("samples", 1, 40'000),
                                       .passes = job.number("passes", 1, 100)};
  write_file(job.output("result"), config_text(stream_benchmark(options, report)));
  return kDone;
}

int do_job(const Job& job, const TaskProgress& report) {
  if (job.kind == "network") return train(job, report);
  if (job.kind == "bench_train") return bench_train(job, report);
  if (job.kind == "bench_stream") return bench_stream(job, report);
  return say(
      kWrongInput,
      fmt::format("job {}: kind: expected network, bench_train or bench_stream, found \"{}\"",
                  job.name, job.kind));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return say(kWrongInput, "expected one job file; psi writes it");
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  std::signal(SIGXFSZ, SIG_IGN);  // A file too large for the system's limit is a sentence.
  std::signal(SIGPIPE, SIG_IGN);
  // Every step needs the same large arrays again: keep them instead of asking the system each time.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  try {
    const Descriptor output = claim_output();
    training::use_one_thread();
    return do_job(read_job(argv[1]), reporter(output));
  } catch (const Interrupted&) {
    return kInterruptedCode;
  } catch (const Error& e) {
    return say(kWrongInput, e.what());
  } catch (const std::exception& e) {  // Of LibTorch: a training that cannot go on.
    const std::string text = e.what();
    return say(kFailed, text.substr(0, text.find('\n')));
  }
}
