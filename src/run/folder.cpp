#include "run/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/sha256.hpp"
#include "psi_xlstm/core/error.hpp"
#include "run/manifest.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHeader = "psi-xlstm run 1";

// Whether `name` stays inside the folder it is relative to.
bool is_inside(const fs::path& name) {
  return !name.empty() && name.is_relative() && name == name.lexically_normal() &&
         *name.begin() != ".." && name.filename() != "" && name.filename() != ".";
}

// Whether a folder between `root` and the file `name` below it is a link: then the file is
// elsewhere.
bool leads_away(const fs::path& root, const fs::path& name) {
  fs::path place = root;
  for (const fs::path& part : name.parent_path()) {
    place /= part;
    if (fs::is_symlink(fs::symlink_status(place))) return true;
  }
  return false;
}

bool is_kept(const std::string& name) {
  return name.starts_with("seed_") || name.starts_with(fmt::format("{}/", kPreviousRun));
}

[[noreturn]] void fail(const fs::path& folder, int code) {
  throw DataError(fmt::format("{}: expected a folder to write to, found: {}", folder.string(),
                              std::generic_category().message(code)));
}

bool holds_files(const fs::path& folder) {
  return std::any_of(fs::directory_iterator(folder), fs::directory_iterator(), [](const auto& e) {
    const std::string name = e.path().filename().string();
    return name != kLedgerName && !is_temporary_name(name);
  });
}

}  // namespace

std::string checked_name(const fs::path& name) {
  const fs::path normal = name.lexically_normal();
  std::string text = normal.generic_string();
  if (!is_inside(normal) || text.find('\n') != std::string::npos) {
    throw DataError(
        fmt::format("run: expected the name of a file inside the folder, found \"{}\"", text));
  }
  return text;
}

bool is_run_folder(const fs::path& folder) {
  return fs::exists(folder / kLedgerName) || fs::exists(folder / kManifestName);
}

RunFolder::RunFolder(fs::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  if (fs::exists(folder_, error) && !fs::is_directory(folder_, error)) {
    throw ConfigError(
        fmt::format("{}: expected a folder for the run, found a file", folder_.string()));
  }
  const bool found = fs::is_directory(folder_, error) && holds_files(folder_);
  if (found && !is_run_folder(folder_)) {
    throw ConfigError(
        fmt::format("{}: expected an empty folder or one of an earlier run, found files that no "
                    "run wrote: give another folder with --out",
                    folder_.string()));
  }
  fs::create_directories(folder_, error);
  if (error) fail(folder_, error.value());
  open_ledger();
  try {
    read_ledger();
  } catch (...) {
    ::close(ledger_);
    throw;
  }
}

// Takes the lock, too: of the list that is there, not of one that was replaced meanwhile.
void RunFolder::open_ledger() {
  const fs::path file = folder_ / kLedgerName;
  ledger_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (ledger_ < 0) fail(folder_, errno);
  struct stat opened {
  }, named{};
  const bool locked = ::flock(ledger_, LOCK_EX | LOCK_NB) == 0 && ::fstat(ledger_, &opened) == 0 &&
                      ::stat(file.c_str(), &named) == 0 && opened.st_ino == named.st_ino;
  if (locked) return;
  ::close(std::exchange(ledger_, -1));
  throw ConfigError(fmt::format(
      "{}: expected a folder that no other run uses, found one at work in it: wait for it, or "
      "give another folder with --out",
      folder_.string()));
}

void RunFolder::settle() {
  std::string list(kHeader);
  std::erase_if(owned_, [&](const std::string& name) {
    return !fs::is_regular_file(fs::symlink_status(folder_ / name));
  });
  for (const std::string& name : owned_) list += "\n" + name;
  write_file(folder_ / kLedgerName, list + "\n");
  ::close(std::exchange(ledger_, -1));
  open_ledger();
}

RunFolder::~RunFolder() {
  if (ledger_ >= 0) ::close(ledger_);
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : folder_(std::move(other.folder_)),
      ledger_(std::exchange(other.ledger_, -1)),
      owned_(std::move(other.owned_)),
      current_(std::move(other.current_)) {}

void RunFolder::read_ledger() {
  std::string text = read_file(folder_ / kLedgerName);
  // A run that was killed while it wrote a line had not begun the file of that name: the line goes,
  // so that the next one does not become a part of it.
  const std::size_t end = text.rfind('\n');
  const std::size_t whole = end == std::string::npos ? 0 : end + 1;
  if (whole < text.size() && ::ftruncate(ledger_, static_cast<off_t>(whole)) != 0) {
    fail(folder_, errno);
  }
  text.resize(whole);
  if (text.empty()) {
    adopt_manifest();
    return;
  }
  std::size_t start = 0;
  for (bool first = true; start < text.size(); first = false) {
    const std::size_t stop = text.find('\n', start);
    const std::string line = text.substr(start, stop - start);
    start = stop + 1;
    if (first ? line != kHeader : !is_inside(line)) {
      throw ConfigError(
          fmt::format("{}: expected the list of the files of a run, found \"{}\": give another "
                      "folder with --out",
                      (folder_ / kLedgerName).string(), line.substr(0, 80)));
    }
    if (!first) owned_.insert(line);
  }
}

// A run of version 0.1 left no list, but a manifest: what it names and still is as it was.
void RunFolder::adopt_manifest() {
  std::string list(kHeader);
  const auto adopt = [&](const std::string& name) {
    list += "\n" + name;
    owned_.insert(name);
  };
  const fs::path file = folder_ / kManifestName;
  if (!fs::exists(file)) return note(list);
  for (const auto& [name, checksum] : parse_manifest(read_file(file), file.string()).files) {
    const fs::path place = folder_ / name;
    if (!is_inside(name) || leads_away(folder_, name) || !fs::is_regular_file(place)) continue;
    if (sha256_hex(read_file(place)) == checksum) adopt(name);
  }
  std::vector<std::string> times = {kManifestName, kTimingsName};
  for (const char* extension : {"md", "csv", "json"}) {
    times.push_back(fmt::format("tables/{}.{}", kLatencyName, extension));
  }
  for (const std::string& name : times) {
    if (fs::is_regular_file(folder_ / name)) adopt(name);
  }
  note(list);  // in one piece: a part of it would make strangers of the rest
}

// One line at the end of the list, on disk before the file it names is.
void RunFolder::note(const std::string& name) {
  const std::string line = name + "\n";
  if (::write(ledger_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    fail(folder_, errno);
  }
}

bool RunFolder::owns(const fs::path& name) const { return owned_.contains(checked_name(name)); }

fs::path RunFolder::allow(const fs::path& name) {
  const std::string text = checked_name(name);
  fs::path place = folder_ / text;
  if (!owned_.contains(text)) {
    if (fs::exists(fs::symlink_status(place))) {
      throw ConfigError(fmt::format(
          "{}: expected no file of this name or one that a run wrote, found another: give another "
          "folder with --out",
          place.string()));
    }
    note(text);
    owned_.insert(text);
  }
  if (leads_away(folder_, text)) {
    throw ConfigError(fmt::format("{}: expected a folder inside that of the run, found a link",
                                  place.parent_path().string()));
  }
  return place;
}

fs::path RunFolder::own(const fs::path& name) {
  fs::path place = allow(name);
  current_.insert(checked_name(name));
  return place;
}

void RunFolder::write(const fs::path& name, std::string_view bytes) {
  write_file(own(name), bytes);
}

void RunFolder::remove(const fs::path& name) {
  const std::string text = checked_name(name);
  if (!owned_.contains(text) || leads_away(folder_, text)) return;
  const fs::path place = folder_ / text;
  std::error_code error;
  const fs::file_status status = fs::symlink_status(place, error);
  if (fs::is_regular_file(status) && !fs::remove(place, error) && error) fail(place, error.value());
  current_.erase(text);
  remove_empty_folders(text);
}

// Those in which the file `name` stood.
void RunFolder::remove_empty_folders(const fs::path& name) {
  std::error_code error;
  for (fs::path parent = name.parent_path(); !parent.empty(); parent = parent.parent_path()) {
    if (!fs::remove(folder_ / parent, error) || error) break;  // not empty
  }
}

// Moves the file `name` below kPreviousRun.
void RunFolder::set_aside(const std::string& name) {
  if (leads_away(folder_, name) || !fs::is_regular_file(fs::symlink_status(folder_ / name))) return;
  const fs::path place = allow(fs::path(kPreviousRun) / name);
  std::error_code error;
  fs::create_directories(place.parent_path(), error);
  if (!error) fs::rename(folder_ / name, place, error);
  if (error) fail(place, error.value());
  remove_empty_folders(name);
}

void RunFolder::remove_below(const fs::path& name) {
  const std::string below = checked_name(name) + "/";
  const std::set<std::string> all = owned_;
  for (const std::string& file : all) {
    if (file.starts_with(below)) remove(file);
  }
}

// What a run that was killed was writing: beside the files of the list, whose names stand there
// before the files do.
void RunFolder::remove_temporary_files() {
  std::set<fs::path> folders = {folder_};
  for (const std::string& name : owned_) {
    if (!leads_away(folder_, name)) folders.insert((folder_ / name).parent_path());
  }
  std::error_code ignored;
  for (const fs::path& place : folders) {
    for (const fs::directory_entry& entry : fs::directory_iterator(place, ignored)) {
      const bool left = is_temporary_name(entry.path().filename().string()) &&
                        fs::is_regular_file(entry.symlink_status(ignored));
      if (left) fs::remove(entry.path(), ignored);
    }
  }
}

void RunFolder::begin() {
  current_.clear();
  remove_temporary_files();
  // A run is finished where its manifest is there, which goes aside last: who is killed before that
  // finds the rest again.
  const bool finished = owned_.contains(kManifestName) && fs::exists(folder_ / kManifestName);
  const std::set<std::string> all = owned_;
  for (const std::string& file : all) {
    if (is_kept(file) || file == kManifestName) continue;
    finished ? set_aside(file) : remove(file);
  }
  if (finished) set_aside(kManifestName);
}

std::set<std::string> RunFolder::written() const {
  for (const std::string& name : current_) {
    if (fs::is_regular_file(folder_ / name)) continue;
    throw DataError(
        fmt::format("{}: expected the file that this run wrote, found none: the folder was changed "
                    "while the run was at work",
                    (folder_ / name).string()));
  }
  return current_;
}

}  // namespace psi_xlstm
