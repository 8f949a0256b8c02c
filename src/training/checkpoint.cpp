#include "training/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/json/safetensors.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::training {
namespace {

constexpr std::size_t kProgress = 7;     // numbers of "progress"
constexpr std::size_t kCurveFields = 7;  // of a CurvePoint

template <class Number>
psi_xlstm::StoredTensor as_tensor(const std::vector<Number>& values) {
  return {{static_cast<std::int64_t>(values.size())}, {values.begin(), values.end()}};
}

psi_xlstm::StoredTensor curve_tensor(const std::vector<CurvePoint>& curve) {
  psi_xlstm::StoredTensor out{{static_cast<std::int64_t>(curve.size()), kCurveFields}, {}};
  for (const CurvePoint& p : curve) {
    out.values.insert(out.values.end(), {static_cast<double>(p.step), p.training, p.validation,
                                         p.hidden, p.gradient, p.structure, p.physics});
  }
  return out;
}

// Reads the parts of a checkpoint; every one that is not as it must be throws DataError.
class Reader {
 public:
  explicit Reader(const SafetensorsFile& file) : file_(file) {}

  const std::vector<double>& values(const std::string& name) const {
    const auto found = file_.tensors.find(name);
    if (found == file_.tensors.end()) {
      throw DataError(fmt::format("expected numbers \"{}\", found none", name));
    }
    return found->second.values;
  }

  // `count` numbers called `name`, or where `may_be_empty` none.
  std::vector<float> numbers(const std::string& name, std::size_t count, bool may_be_empty) const {
    const std::vector<double>& found = values(name);
    if (found.size() != count && !(may_be_empty && found.empty())) {
      throw DataError(
          fmt::format("expected {} numbers \"{}\", found {}", count, name, found.size()));
    }
    std::vector<float> out;
    for (double x : found) out.push_back(static_cast<float>(x));
    return out;
  }

  // `count` whole numbers from 0 to `last`, or where `may_be_empty` none.
  template <class Whole>
  std::vector<Whole> whole(const std::string& name,
                           std::size_t count,
                           double last,
                           bool may_be_empty) const {
    const std::vector<double>& found = values(name);
    if (found.size() != count && !(may_be_empty && found.empty())) {
      throw DataError(
          fmt::format("expected {} numbers \"{}\", found {}", count, name, found.size()));
    }
    std::vector<Whole> out;
    for (double x : found) out.push_back(static_cast<Whole>(checked(name, x, last)));
    return out;
  }

  static double checked(const std::string& name, double x, double last) {
    if (x >= 0 && x <= last && x == std::floor(x)) return x;
    throw DataError(
        fmt::format("expected whole numbers \"{}\" from 0 to {}, found {}", name, last, x));
  }

  std::vector<CurvePoint> curve() const {
    const std::vector<double>& found = values("curve");
    if (found.size() % kCurveFields != 0) {
      throw DataError(fmt::format("expected a curve of {} numbers a point, found {} numbers",
                                  kCurveFields, found.size()));
    }
    std::vector<CurvePoint> out;
    for (std::size_t at = 0; at < found.size(); at += kCurveFields) {
      const double* p = found.data() + at;
      const auto step = static_cast<int>(checked("curve", p[0], std::numeric_limits<int>::max()));
      out.push_back({step, p[1], p[2], p[3], p[4], p[5], p[6]});
    }
    return out;
  }

 private:
  const SafetensorsFile& file_;
};

void read_progress(const Reader& reader, TrainingState& state) {
  const std::vector<double>& progress = reader.values("progress");
  if (progress.size() != kProgress) {
    throw DataError(
        fmt::format("expected {} numbers \"progress\", found {}", kProgress, progress.size()));
  }
  constexpr double kMost = std::numeric_limits<int>::max();
  RngState rng;
  const auto key = reader.whole<std::uint32_t>("rng.key", rng.key.size(), 4294967295.0, false);
  std::copy(key.begin(), key.end(), rng.key.begin());
  state.step = static_cast<int>(Reader::checked("progress", progress[0], kMost));
  state.best_validation = progress[1];
  state.best_step = static_cast<int>(Reader::checked("progress", progress[2], kMost));
  rng.position = static_cast<std::uint32_t>(
      Reader::checked("progress", progress[3], static_cast<double>(rng.key.size())));
  rng.has_normal = progress[4] != 0;
  rng.normal = progress[5];
  state.done = static_cast<int>(Reader::checked("progress", progress[6], kMost));
  state.rng = Rng(rng);
}

TrainingState state_from(const SafetensorsFile& file, const CheckpointSizes& sizes) {
  const Reader reader(file);
  TrainingState state;
  state.parameters = reader.numbers("parameters", sizes.parameters, false);
  state.average = reader.numbers("average", sizes.parameters, false);
  state.first_moment = reader.numbers("optim.first_moment", sizes.parameters, false);
  state.second_moment = reader.numbers("optim.second_moment", sizes.parameters, false);
  state.bases = reader.numbers("optim.bases", sizes.bases, true);
  state.best_parameters = reader.numbers("best.parameters", sizes.parameters, true);
  state.assignment = reader.whole<int>("assignment", sizes.gates, sizes.clusters - 1, true);
  state.curve = reader.curve();
  read_progress(reader, state);
  return state;
}

}  // namespace

void save_training(const std::filesystem::path& file,
                   const TrainingState& state,
                   const std::string& fingerprint) {
  SafetensorsFile out;
  out.tensors["parameters"] = as_tensor(state.parameters);
  out.tensors["average"] = as_tensor(state.average);
  out.tensors["optim.first_moment"] = as_tensor(state.first_moment);
  out.tensors["optim.second_moment"] = as_tensor(state.second_moment);
  out.tensors["optim.bases"] = as_tensor(state.bases);
  out.tensors["best.parameters"] = as_tensor(state.best_parameters);
  out.tensors["assignment"] = as_tensor(state.assignment);
  const RngState& rng = state.rng.state();
  out.tensors["rng.key"] = as_tensor(std::vector<double>(rng.key.begin(), rng.key.end()));
  out.tensors["progress"] = as_tensor(
      std::vector<double>{static_cast<double>(state.step), state.best_validation,
                          static_cast<double>(state.best_step), static_cast<double>(rng.position),
                          rng.has_normal ? 1.0 : 0.0, rng.normal, static_cast<double>(state.done)});
  out.tensors["curve"] = curve_tensor(state.curve);
  out.metadata = {{"format", "pt"}, {"fingerprint", fingerprint}};
  write_file(file, safetensors_bytes(out));
}

Resumed resume_training(const std::filesystem::path& file,
                        const std::string& fingerprint,
                        const CheckpointSizes& sizes) {
  std::error_code none;
  if (!std::filesystem::exists(file, none)) return {};
  try {
    const SafetensorsFile in = parse_safetensors(read_file(file), file.string());
    const auto found = in.metadata.find("fingerprint");
    if (found == in.metadata.end()) throw DataError("expected a fingerprint, found none");
    if (found->second != fingerprint) return {};
    return {.state = state_from(in, sizes)};
  } catch (const Error& e) {
    const std::string name = file.string(), text = e.what();
    return {.reason = text.starts_with(name) ? text : fmt::format("{}: {}", name, text)};
  }
}

void take_up(const Checkpoint& checkpoint,
             const CheckpointSizes& sizes,
             const TaskProgress& report,
             TrainingState& state) {
  Resumed found = resume_training(checkpoint.file, checkpoint.fingerprint, sizes);
  if (found.state) state = std::move(*found.state);
  if (!found.reason.empty()) report(0, found.reason + "; trained again from the start");
}

}  // namespace psi_xlstm::training
