#include "simulators/ngspice/worker_session.hpp"

#include <dlfcn.h>
#include <fmt/core.h>
#include <ngspice/sharedspice.h>
#include <time.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace psi_xlstm {

using nlohmann::json;

/// The functions of libngspice that a session calls. ngSpice_nospiceinit() is not among them:
/// releases 44 to 47 crash where it comes before ngSpice_Init(), and behind it the init files have
/// been read. The caller puts an empty .spiceinit into the working folder instead, which every
/// release reads in place of all others.
struct WorkerSession::Library {
  decltype(&ngSpice_Init) init = nullptr;
  decltype(&ngSpice_Init_Sync) init_sync = nullptr;
  decltype(&ngSpice_Command) command = nullptr;
  decltype(&ngSpice_Circ) circuit = nullptr;
  decltype(&ngGet_Vec_Info) vector = nullptr;
  decltype(&ngSpice_CurPlot) plot = nullptr;
  decltype(&ngSpice_AllVecs) vectors = nullptr;
  std::string file;
  std::string problem;  ///< Why it could not be loaded; empty if it was.

  explicit Library(const std::string& name) {
    void* const handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      problem = dlerror();
      return;
    }
    load(handle, "ngSpice_Init", init);
    load(handle, "ngSpice_Init_Sync", init_sync);
    load(handle, "ngSpice_Command", command);
    load(handle, "ngSpice_Circ", circuit);
    load(handle, "ngGet_Vec_Info", vector);
    load(handle, "ngSpice_CurPlot", plot);
    load(handle, "ngSpice_AllVecs", vectors);
    Dl_info place{};
    if (dladdr(reinterpret_cast<void*>(init), &place) != 0) file = place.dli_fname;
  }

 private:
  template <class Function>
  void load(void* handle, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(handle, name));
    if (function == nullptr) problem = fmt::format("it has no function {}", name);
  }
};

namespace {

constexpr std::string_view kErrorStream = "stderr ";

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// What a compiled device says is an error. ngspice 39 gives every message as "OSDI(debug)", on
// standard output, so that the message itself must tell.
bool is_device_error(const std::string& line) {
  return contains(line, "OSDI(") && contains(line, ": error: ");
}

bool is_error_line(const std::string& line) {
  if (is_device_error(line)) return true;
  if (!line.starts_with(kErrorStream) || contains(line, "ngspice.dll")) return false;
  return contains(line, "Error") || contains(line, "error:") || contains(line, "no such command") ||
         contains(line, "doAnalyses:") || contains(line, "simulation(s) aborted");
}

// What this process has had of its core so far [s]. ngspice's own clock knows only how many ticks
// of the system met it, which is 10 % wrong for a tenth of a second.
double core_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

WorkerSession& session_of(void* user) { return *static_cast<WorkerSession*>(user); }

int print_callback(char* line, int, void* user) {
  session_of(user).take_line(line);
  return 0;
}

int exit_callback(int status, NG_BOOL, NG_BOOL, int, void* user) {
  session_of(user).take_exit(status);
  return 0;
}

int voltage_callback(double* value, double time, char* source, int, void* user) {
  *value = session_of(user).external_value(source, time);
  return 0;
}

int status_callback(char*, int, void*) { return 0; }
int data_callback(pvecvaluesall, int, int, void* user) {
  session_of(user).take_point();
  return 0;
}
int data_names_callback(pvecinfoall, int, void*) { return 0; }
int thread_callback(NG_BOOL, int, void*) { return 0; }

}  // namespace

WorkerSession::WorkerSession(Send send) : send_(std::move(send)) {}

Message WorkerSession::run(const Message& request) {
  Message reply;
  reply.header["kind"] = "reply";
  const Library library(request.header.at("library").get<std::string>());
  if (!library.problem.empty()) {
    fail("library", library.problem);
  } else {
    read_tables(request);
    starting_ = true;
    library.init(print_callback, status_callback, exit_callback, data_callback, data_names_callback,
                 thread_callback, this);
    starting_ = false;
    library.init_sync(voltage_callback, nullptr, nullptr, nullptr, nullptr);
    describe_library(library, request.header.at("circuit").empty(), reply);
    run_command(library, "set num_threads=1");
    load_devices(library, request.header.at("osdi"));
    load_circuit(library, request.header.at("circuit"));
    for (const auto& command : request.header.at("commands")) {
      run_command(library, command.get<std::string>());
    }
    const double end = core_seconds();
    collect_vectors(library, request.header, reply);
    collect_counters(library, reply);
    if (first_point_ >= 0) reply.header["counters"]["Core seconds"] = end - first_point_;
  }
  reply.header["state"] = state_;
  reply.header["detail"] = detail_;
  return reply;
}

void WorkerSession::take_line(const std::string& line) {
  lines_.push_back(line);
  if (starting_) return;
  const std::size_t prefix = std::min(kErrorStream.size(), line.size());
  send_({.header = {{"kind", "text"}, {"text", line.substr(prefix)}}, .values = {}});
}

void WorkerSession::take_exit(int status) {
  const std::string last = error_text();
  fail("exit", fmt::format("{}{}{}", status, last.empty() ? "" : ": ", last));
}

double WorkerSession::external_value(const std::string& source, double time) {
  const auto found = tables_.find(source);
  if (found == tables_.end()) {
    fail("analysis", fmt::format("the external source {} has no table", source));
    return 0;
  }
  return interpolate(found->second, time);
}

void WorkerSession::take_point() {
  if (first_point_ < 0) first_point_ = core_seconds();
}

void WorkerSession::read_tables(const Message& request) {
  auto from = request.values.begin();
  for (const auto& table : request.header.at("tables")) {
    const auto points = table.at("points").get<std::ptrdiff_t>();
    if (points < 1 || request.values.end() - from < 2 * points) {
      throw std::out_of_range("a table of the request has fewer numbers than points");
    }
    tables_[table.at("source").get<std::string>()] = {.times = {from, from + points},
                                                      .values = {from + points, from + 2 * points}};
    from += 2 * points;
  }
}

void WorkerSession::load_devices(const Library& library, const json& paths) {
  for (const auto& path : paths) {
    run_command(library, "osdi " + path.get<std::string>());
    if (std::any_of(lines_.begin(), lines_.end(), is_error_line)) fail("osdi", error_text());
  }
}

void WorkerSession::load_circuit(const Library& library, const json& lines) {
  if (state_ != "done" || lines.empty()) return;
  auto texts = lines.get<std::vector<std::string>>();
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  lines_.clear();
  const int refused = library.circuit(pointers.data());
  if (refused != 0 || std::any_of(lines_.begin(), lines_.end(), is_error_line)) {
    if (state_ == "exit") state_ = "done";
    fail("netlist", error_text());
  }
}

void WorkerSession::run_command(const Library& library, const std::string& command) {
  if (state_ != "done") return;
  lines_.clear();
  std::string text = command;
  library.command(text.data());
}

void WorkerSession::describe_library(const Library& library, bool ask_for_osdi, Message& reply) {
  reply.header["library"] = library.file;
  const auto version = std::find_if(lines_.begin(), lines_.end(), [](const std::string& line) {
    return contains(line, "ngspice-");
  });
  std::string text = version == lines_.end() ? "unknown" : version->substr(kErrorStream.size());
  text.erase(0, std::min(text.find_first_not_of("* "), text.size()));
  reply.header["version"] = text;
  if (!ask_for_osdi) return;
  // A build without OSDI does not know the command; one with it complains about the file.
  run_command(library, "osdi no_such_device.osdi");
  reply.header["osdi"] = std::none_of(lines_.begin(), lines_.end(), [](const std::string& line) {
    return contains(line, "no such command");
  });
}

void WorkerSession::collect_counters(const Library& library, Message& reply) {
  auto& counters = reply.header["counters"] = json::object();
  if (state_ != "done") return;
  run_command(library, "rusage totiter traniter tranpoints accept rejected");
  for (const std::string& line : lines_) {
    const std::size_t equals = line.rfind(" = ");
    if (!line.starts_with("stdout ") || equals == std::string::npos) continue;
    const std::string name = line.substr(kErrorStream.size(), equals - kErrorStream.size());
    counters[name] = std::strtod(line.c_str() + equals + 3, nullptr);
  }
}

void WorkerSession::collect_vectors(const Library& library, const json& request, Message& reply) {
  auto& listed = reply.header["vectors"] = json::array();
  if (state_ != "done" || request.at("commands").empty()) return;
  if (std::any_of(lines_.begin(), lines_.end(), is_error_line)) fail("analysis", error_text());

  std::vector<std::string> names = request.at("vectors").get<std::vector<std::string>>();
  const auto scale = request.at("scale").get<std::string>();
  for (char** name = library.vectors(library.plot()); name != nullptr && *name != nullptr; ++name) {
    if (!scale.empty() && std::string_view(*name).ends_with(scale))
      names.insert(names.begin(), *name);
  }
  for (std::string& name : names) {
    const vector_info* const found = library.vector(name.data());
    if (found == nullptr || found->v_length < 1) {
      fail("analysis", fmt::format("there is no vector {}", name));
      return;
    }
    const bool is_complex = found->v_compdata != nullptr;
    const auto* const from =
        is_complex ? reinterpret_cast<const double*>(found->v_compdata) : found->v_realdata;
    const int numbers = found->v_length * (is_complex ? 2 : 1);
    listed.push_back({{"name", name}, {"numbers", numbers}, {"complex", is_complex}});
    reply.values.insert(reply.values.end(), from, from + numbers);
  }
}

void WorkerSession::fail(const std::string& state, const std::string& detail) {
  if (state_ != "done") return;
  state_ = state;
  detail_ = detail;
}

std::string WorkerSession::error_text() const {
  constexpr int kLongest = 3;  // [lines]
  auto line = std::find_if(lines_.begin(), lines_.end(), is_error_line);
  if (line == lines_.end()) line = lines_.begin();
  std::string text;
  for (int count = 0; line != lines_.end() && count < kLongest; ++line) {
    const bool of_device = is_device_error(*line);
    if (!of_device && !line->starts_with(kErrorStream)) continue;
    if (contains(*line, "ngspice.dll")) continue;
    std::string part = line->substr(kErrorStream.size());
    if (of_device) part.erase(0, part.find(") ") + 2);
    part.erase(part.find_last_not_of(" \n") + 1);
    text += (text.empty() ? "" : " ") + part;
    ++count;
  }
  return text;
}

}  // namespace psi_xlstm
