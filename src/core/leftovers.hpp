#pragma once

/// @file
/// What must not outlive this process: the programs it has started and its temporary folders.

#include <sys/types.h>

#include <filesystem>
#include <mutex>

namespace psi_xlstm {

/// Exit code of a program that SIGINT or SIGTERM has ended.
inline constexpr int kInterruptedCode = 130;

/// The process groups and folders of this process that are there now. Every function is to be
/// called with the lock held: what begins or ends does so before an interruption or not at all.
class Leftovers {
 public:
  /// Waits for good once an interruption is ending this process.
  static std::unique_lock<std::mutex> lock();

  static void add(pid_t group);
  static void remove(pid_t group);
  static void add(const std::filesystem::path& folder);
  static void remove(const std::filesystem::path& folder);

  /// Kills the groups, then removes the folders.
  static void end_all();
};

/// From now on SIGINT and SIGTERM end this process in order: the programs it has started are
/// killed, its temporary folders removed, `say()` is called, and the exit code is kInterruptedCode.
/// The second signal ends it at once. To be called once, before there are other threads.
void end_in_order_when_interrupted(void (*say)());

}  // namespace psi_xlstm
