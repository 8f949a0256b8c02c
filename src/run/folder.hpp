#pragma once

/// @file
/// The folder of one run. A run writes down every file before it writes it (kLedgerName), and
/// removes and replaces only what stands there: a user's own files stay, whatever their names.
/// Every file is written at once (temporary file, then rename), so a killed run leaves whole files
/// only.

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

namespace psi_xlstm {

/// The list of the files that runs wrote into a folder; the lock of the folder is on it.
inline constexpr const char* kLedgerName = ".psi-run";

/// Where the finished run of before is kept while a new one is at work.
inline constexpr const char* kPreviousRun = "previous_run";

/// A folder that belongs to this process alone while the object lives.
class RunFolder {
 public:
  /// Takes `folder`, which is made where it is missing. Throws ConfigError where another run is at
  /// work in it, where it holds files and no run wrote any of them, or where the list is damaged;
  /// DataError where it cannot be written.
  explicit RunFolder(std::filesystem::path folder);
  ~RunFolder();
  RunFolder(RunFolder&& other) noexcept;
  RunFolder& operator=(RunFolder&& other) = delete;

  const std::filesystem::path& path() const { return folder_; }

  /// Where the file `name` (relative, no "..") stands, for somebody else to write it: notes that it
  /// is this run's. Throws ConfigError where there is such a file that no run wrote.
  std::filesystem::path own(const std::filesystem::path& name);

  /// The same for a file that may come or go, such as a checkpoint: written() does not miss it.
  std::filesystem::path allow(const std::filesystem::path& name);

  /// Writes the file `name`, as own() and write_file() do.
  void write(const std::filesystem::path& name, std::string_view bytes);

  /// Whether a run wrote the file `name`.
  bool owns(const std::filesystem::path& name) const;

  /// Removes the file `name` if a run wrote it, and the folders that become empty.
  void remove(const std::filesystem::path& name);

  /// The same for every file below the folder `name`.
  void remove_below(const std::filesystem::path& name);

  /// Makes room for a new run: what earlier ones wrote goes, but what stands below folders called
  /// seed_<n>, which may be taken again, and a finished run, which is set aside below kPreviousRun
  /// until end().
  void begin();

  /// The new run is complete: removes what was set aside.
  void end() { remove_below(kPreviousRun); }

  /// The last thing of a run: the list names what is there, in order, however often the run was
  /// interrupted.
  void settle();

  /// The files that this object has owned and that exist, and nothing of earlier runs, relative.
  /// Throws DataError naming the first one that is missing: the folder was changed meanwhile.
  std::set<std::string> written() const;

 private:
  void open_ledger();
  void read_ledger();
  void adopt_manifest();
  void note(const std::string& name);
  void set_aside(const std::string& name);
  void remove_temporary_files();
  void remove_empty_folders(const std::filesystem::path& name);

  std::filesystem::path folder_;
  int ledger_ = -1;
  std::set<std::string> owned_;    ///< By this run or an earlier one, relative.
  std::set<std::string> current_;  ///< By this run.
};

/// `name` as text with forward slashes. Throws DataError unless it names a file inside the folder
/// that it is relative to.
std::string checked_name(const std::filesystem::path& name);

/// Whether a run wrote into `folder` or is at work there.
bool is_run_folder(const std::filesystem::path& folder);

}  // namespace psi_xlstm
