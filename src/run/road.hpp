#pragma once

/// @file
/// The road of a run: its stages one after another, each a function from values to a value, told to
/// who watches and measured; the folder they write to; and what closes every run.

#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/progress.hpp"
#include "run/folder.hpp"
#include "run/stopwatch.hpp"

namespace psi_xlstm {

/// The page of a run.
inline constexpr const char* kPageName = "report.html";

/// Where a study runs, and on how many threads; no result depends on either.
struct RunOptions {
  std::filesystem::path folder;
  int threads = 2;                     ///< At most.
  std::function<void()> claimed = {};  ///< Called once the folder belongs to this run.
};

/// One run on its way.
class Road {
 public:
  Road(const RunOptions& options, const Progress& progress)
      : options_(options), progress_(progress) {}

  int threads() const { return options_.threads; }
  const Progress& progress() const { return progress_; }
  Stopwatch& stopwatch() { return watch_; }

  /// Takes the folder of the run, once the input is known to be right: what earlier runs left but
  /// trained models goes, and `config` becomes its config.json. Throws as RunFolder does.
  RunFolder& claim(const std::string& config);

  /// The folder. Throws std::logic_error before claim().
  RunFolder& folder();

  /// What `body` returns, told as stage `name` with the line `detail` and measured. Throws what
  /// `body` throws.
  template <class Body>
  std::invoke_result_t<Body> stage(const std::string& name,
                                   const std::string& detail,
                                   Body&& body) {
    progress_(name, 0, detail);
    return timed(name, std::forward<Body>(body));
  }

  /// The same without telling anybody, for parts of a stage.
  template <class Body>
  std::invoke_result_t<Body> timed(const std::string& name, Body&& body) {
    const Stopwatch::Part part(watch_, name);
    return std::forward<Body>(body)();
  }

  /// Closes the run: manifest.json with the checksums of all that was written, then timings.json.
  /// Throws DataError where a file that was written is gone.
  void finish(const std::vector<int>& seeds);

 private:
  RunOptions options_;
  const Progress& progress_;
  Stopwatch watch_;
  std::optional<RunFolder> folder_;
};

}  // namespace psi_xlstm
