// The Python module psi_xlstm._library: records, models and fits of the library. What Python calls
// psi_xlstm is python/psi_xlstm/__init__.py.

#include <fmt/format.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "core/explanation.hpp"
#include "core/temporary_folder.hpp"
#include "core/utf8.hpp"
#include "model/model.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/core/version.hpp"
#include "psi_xlstm/data/readers/reading.hpp"
#include "psi_xlstm/model/device_model.hpp"
#include "studies/compact/fit_request.hpp"
#include "studies/compact/study.hpp"
#include "waiting.hpp"

namespace psi_xlstm::python {
namespace {

using namespace pybind11::literals;
namespace fs = std::filesystem;

// --- Errors ------------------------------------------------------------------------------------

PyObject* warning_class = nullptr;

// Says `texts` as warnings of Python, which the user may have made errors.
void warn(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (PyErr_WarnEx(warning_class, printable(text).c_str(), 1) != 0) throw py::error_already_set();
  }
}

// The class of every kind of Error, most special first.
template <class E>
bool raise_as(const py::object& kind, const std::exception& problem) {
  if (dynamic_cast<const E*>(&problem) == nullptr) return false;
  PyErr_SetString(kind.ptr(), printable_lines(explanation(problem)).c_str());
  return true;
}

void add_errors(py::module_& module) {
  static const py::exception<Error> any(module, "Error");
  static const py::exception<ConfigError> config(module, "ConfigError", any);
  static const py::exception<DataError> data(module, "DataError", any);
  static const py::exception<ShapeError> shape(module, "ShapeError", any);
  static const py::exception<EmitError> emit(module, "EmitError", any);
  static const py::exception<SpiceError> spice(module, "SpiceError", any);
  // NOLINTNEXTLINE(performance-unnecessary-value-param): the type is that of pybind11.
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const Error& e) {
      (void)(raise_as<ConfigError>(config, e) || raise_as<DataError>(data, e) ||
             raise_as<ShapeError>(shape, e) || raise_as<EmitError>(emit, e) ||
             raise_as<SpiceError>(spice, e) || raise_as<Error>(any, e));
    } catch (const fs::filesystem_error& e) {
      raise_as<fs::filesystem_error>(any, e);
    }
  });
  const py::object warning = py::reinterpret_steal<py::object>(
      PyErr_NewException("psi_xlstm.ModelWarning", PyExc_UserWarning, nullptr));
  module.attr("ModelWarning") = warning;
  warning_class = py::object(warning).release().ptr();  // For good.
}

// --- Records -----------------------------------------------------------------------------------

Record record_of(const Array& time,
                 const Array& voltage,
                 const std::optional<Array>& current,
                 const std::string& id,
                 std::optional<double> initial_conductance) {
  Record record{.id = id};
  record.time = copy_of(time, "time");
  record.voltage = {copy_of(voltage, "voltage")};
  record.current = {current ? copy_of(*current, "current") : std::vector<double>{}};
  record.initial_conductance = initial_conductance;
  return record;
}

std::vector<Record> read(const fs::path& path, int sign) {
  const py::gil_scoped_release free;
  return read_records({path}, {.sign = sign, .fewest_samples = 2, .current_required = false});
}

// What `member` of a Python object that holds a T gives, as an array that T keeps.
template <class T, class Member>
auto row_property(Member member) {
  return [member](const py::object& self) { return view_of(member(self.cast<const T&>()), self); };
}

void add_records(py::module_& module) {
  py::class_<Record>(module, "Record", "Voltage and current of one device against time.")
      .def(py::init(&record_of), "time"_a, "voltage"_a, "current"_a = py::none(), "id"_a = "1",
           "initial_conductance"_a = py::none())
      .def_readonly("id", &Record::id)
      .def_property_readonly("time",
                             row_property<Record>([](const Record& r) -> auto& { return r.time; }))
      .def_property_readonly(
          "voltage", row_property<Record>([](const Record& r) -> auto& { return r.voltage.at(0); }))
      .def_property_readonly("current", row_property<Record>([](const Record& r) -> auto& {
                               static const std::vector<double> none;
                               return r.current.empty() ? none : r.current[0];
                             }))
      .def_readonly("initial_conductance", &Record::initial_conductance)
      .def_readonly("remarks", &Record::remarks)
      .def("__len__", &Record::size)
      .def("__repr__", [](const Record& r) {
        return fmt::format("<psi_xlstm.Record {}: {} samples>", in_quotes(r.id), r.size());
      });
  module.def("read", &read, "path"_a, "sign"_a = 1, "The records of a file of waveforms.");
}

// --- Models ------------------------------------------------------------------------------------

// A model with one run of it under way.
class Model {
 public:
  explicit Model(DeviceModel model) : model_(std::move(model)) {}
  static Model load(const fs::path& path) { return Model(DeviceModel(path)); }

  const DeviceModel& model() const { return model_; }

  py::array_t<double> simulate(const Array& t, const Array& v, std::optional<double> g0) const {
    constexpr std::size_t kLong = 100'000;  // samples
    const std::span<const double> time = row_of(t, "t"), voltage = row_of(v, "v");
    DeviceModel::Prediction answer;
    const auto work = [&] { answer = model_.simulate(time, voltage, g0); };
    if (time.size() > kLong) {
      wait_for(work);
    } else {
      const py::gil_scoped_release free;
      work();
    }
    warn(answer.warnings);
    return array_of(std::move(answer.current));
  }

  void reset(std::optional<double> g0) { run_ = model_.start(g0); }

  double step(double time, double voltage) {
    if (!run_) reset({});
    return run_->step(time, voltage);
  }

  py::array_t<double> states() const {
    return array_of(run_ ? run_->states() : std::vector<double>{});
  }

  std::vector<fs::path> emit(const fs::path& folder, const std::string& name) const {
    DeviceModel::EmittedFiles written;
    wait_for([&] { written = model_.emit(folder, name); });
    std::vector<std::string> said = std::move(written.renamed);
    if (!written.left_out.empty()) said.push_back(written.left_out);
    warn(said);
    return written.files;
  }

 private:
  DeviceModel model_;
  std::optional<DeviceRun> run_;
};

void add_model(py::module_& module) {
  const auto trained_on = [](const Model& m) { return m.model().trained_on(); };
  py::class_<Model>(module, "Model", "A trained model.")
      .def_static("load", &Model::load, "path"_a, "The model of a file.")
      .def(
          "save", [](const Model& m, const fs::path& path) { m.model().save(path); }, "path"_a,
          "Writes the model to a file that load() and psi take.")
      .def("simulate", &Model::simulate, "t"_a, "v"_a, "g0"_a = py::none(),
           "The current [A] under the voltage v [V] at the times t [s].")
      .def("reset", &Model::reset, "g0"_a = py::none(), "Begins a run from the conductance g0 [S].")
      .def("step", &Model::step, "t"_a, "v"_a, "The current [A] at the next sample of the run.")
      .def_property_readonly("states", &Model::states)
      .def("emit", &Model::emit, "folder"_a, "name"_a = "",
           "Writes the model for circuit simulators; returns the files.")
      .def_property_readonly("name", [](const Model& m) { return m.model().name(); })
      .def_property_readonly("state_count", [](const Model& m) { return m.model().state_count(); })
      .def_property_readonly("voltage_range",
                             [=](const Model& m) {
                               const auto range = trained_on(m);
                               return std::pair(range.voltage_low, range.voltage_high);
                             })
      .def_property_readonly("conductance_range",
                             [=](const Model& m) {
                               const auto range = trained_on(m);
                               return std::pair(range.conductance_low, range.conductance_high);
                             })
      .def_property_readonly("time_step", [=](const Model& m) { return trained_on(m).step; })
      .def("__repr__", [](const Model& m) {
        return fmt::format("<psi_xlstm.Model {}: {} states>", m.model().name(),
                           m.model().state_count());
      });
}

// --- Fits --------------------------------------------------------------------------------------

// A record that the fit has not seen, and what the model says of it.
struct TestedRecord {
  Record record;
  std::vector<double> predicted;
  int scored_from = 0;
  double start = 0;
};

struct Result {
  StudyResult study;
  std::optional<fs::path> folder;
  RunOutcome told;
  std::vector<TestedRecord> tests;

  const FitOutcome& fit() const { return study.fits.front(); }
};

Result result_of(StudyResult study, const std::optional<fs::path>& folder) {
  Result result{.folder = folder, .told = run_outcome(study, folder.value_or(""))};
  result.study = std::move(study);
  for (const fit::Prediction& p : result.fit().predictions) {
    const Dataset& dataset = result.study.data.dataset;
    result.tests.push_back({.record = dataset.records.at(static_cast<std::size_t>(p.record)),
                            .predicted = p.current,
                            .scored_from = p.scored_from,
                            .start = p.start.value});
  }
  return result;
}

// Runs the study in `out`, or in a folder that is gone afterwards.
Result fit_records(const std::vector<Record>& records,
                   const FitRequest& request,
                   const std::optional<fs::path>& out,
                   int threads,
                   const py::object& progress) {
  std::optional<Result> result;
  Waiting waiting;
  const auto work = [&] {
    const StudyConfig config = fit_study(request, {});
    std::optional<TemporaryFolder> temporary;
    if (!out) temporary.emplace("fit");
    const RunOptions options{.folder = out ? *out : temporary->path() / "run", .threads = threads};
    const Progress told = [&](const std::string& stage, double done, const std::string& detail) {
      check_interruption();
      waiting.tell({stage, done, detail});
    };
    result = result_of(run_study(config, records, options, told), out);
  };
  waiting.run(work, [&](const News& news) {
    if (!progress.is_none()) progress(news.stage, news.done, printable(news.detail));
  });
  warn(result->study.warnings);
  return std::move(*result);
}

py::dict tree_as_dict(const nlohmann::ordered_json& tree) {
  return py::module_::import("json").attr("loads")(tree.dump());
}

py::list candidates_of(const Result& result) {
  py::list out;
  for (const fit::CandidateReport& c : result.fit().model.candidates) {
    out.append(py::dict("states"_a = c.shape.states, "features"_a = c.shape.features,
                        "static_features"_a = c.shape.static_features,
                        "parameters"_a = c.parameters, "validation_mse"_a = c.validation_mse,
                        "chosen"_a = c.chosen));
  }
  return out;
}

py::dict baselines_of(const Result& result) {
  py::dict out;
  for (const BaselineResult& b : result.study.metrics.baselines) {
    out[py::str(b.name)] = py::cast(b.nrmse_std);
  }
  return out;
}

std::optional<Model> model_of(const Result& result) {
  if (!result.fit().usable) return std::nullopt;
  return Model(DeviceModel(model::of(result.fit().model)));
}

void add_result(py::module_& module) {
  using R = Result;
  py::class_<TestedRecord>(module, "TestedRecord", "A held-out record and the model's current.")
      .def_property_readonly("record", [](const TestedRecord& t) { return t.record; })
      .def_property_readonly(
          "predicted",
          row_property<TestedRecord>([](const TestedRecord& t) -> auto& { return t.predicted; }))
      .def_readonly("scored_from", &TestedRecord::scored_from)
      .def_readonly("initial_conductance", &TestedRecord::start);
  py::class_<R>(module, "Result", "What a fit found.")
      .def_property_readonly("model", &model_of)
      .def_property_readonly("error", [](const R& r) { return r.fit().test.nrmse_std; })
      .def_property_readonly("errors",
                             [](const R& r) { return tree_as_dict(config_tree(r.fit().test)); })
      .def_property_readonly("baselines", &baselines_of)
      .def_property_readonly("candidates", &candidates_of)
      .def_property_readonly("tests", [](const R& r) { return r.tests; })
      .def_property_readonly("verdict",
                             [](const R& r) { return verdict_text(r.study.verdict.verdict); })
      .def_property_readonly("reason", [](const R& r) { return r.study.verdict.reason; })
      .def_property_readonly("warnings", [](const R& r) { return r.study.warnings; })
      .def_property_readonly("folder", [](const R& r) { return r.folder; })
      .def_property_readonly(
          "page", [](const R& r) { return r.folder ? std::optional(r.told.page) : std::nullopt; })
      .def("__str__", [](const R& r) { return printable_lines(r.told.summary); })
      .def("__repr__", [](const R& r) {
        return fmt::format("<psi_xlstm.Result {}: {}>", r.study.config.model,
                           verdict_text(r.study.verdict.verdict));
      });
}

void add_fit(py::module_& module) {
  module.def(
      "fit_records",
      [](const std::vector<Record>& records, const std::string& name,
         const std::optional<fs::path>& out, const std::string& split, const std::string& correct,
         bool continuous, std::optional<double> g0, std::optional<double> noise, int sign,
         std::optional<int> states, std::optional<int> features, std::optional<bool> time_constants,
         std::optional<bool> cosimulate, int seed, int threads, const py::object& progress) {
        const FitRequest request{.name = name,
                                 .split = split,
                                 .correct = correct,
                                 .continuous = continuous,
                                 .g0 = g0,
                                 .noise = noise,
                                 .states = states,
                                 .features = features,
                                 .sign = sign,
                                 .seed = seed,
                                 .time_constants = time_constants.value_or(out.has_value()),
                                 .cosimulate = cosimulate.value_or(out.has_value())};
        return fit_records(records, request, out, threads, progress);
      },
      "records"_a, py::kw_only(), "name"_a = "", "out"_a = py::none(), "split"_a = "",
      "correct"_a = "", "continuous"_a = false, "g0"_a = py::none(), "noise"_a = py::none(),
      "sign"_a = 1, "states"_a = py::none(), "features"_a = py::none(),
      "time_constants"_a = py::none(), "cosimulate"_a = py::none(), "seed"_a = 11, "threads"_a = 2,
      "progress"_a = py::none(), "A compact model fitted to records.");
}

}  // namespace

PYBIND11_MODULE(_library, module) {
  module.doc() = "The library behind psi_xlstm.";
  module.attr("__version__") = version();
  add_errors(module);
  add_records(module);
  add_model(module);
  add_result(module);
  add_fit(module);
}

}  // namespace psi_xlstm::python
