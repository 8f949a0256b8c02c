#pragma once

/// @file
/// How long work is told to end before it is done by whoever waits for it in the same process: a
/// thread of the work looks now and then whether it is wanted still.

#include <atomic>
#include <exception>

namespace psi_xlstm {

/// What check_interruption() throws. No Error: nothing went wrong, and nobody handles it on the way
/// but to clean up.
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

/// The wish that some work ends; any thread may express it.
class Interruption {
 public:
  void ask() { asked_ = true; }
  bool asked() const { return asked_; }

 private:
  std::atomic<bool> asked_ = false;
};

/// While it lives, what this thread does can be ended by `interruption` (null: by nobody), and so
/// can the threads of for_each_index() that it starts.
class InterruptionScope {
 public:
  explicit InterruptionScope(const Interruption* interruption);
  ~InterruptionScope();
  InterruptionScope(const InterruptionScope&) = delete;
  InterruptionScope& operator=(const InterruptionScope&) = delete;

 private:
  const Interruption* before_;
};

/// What can end the work of this thread; null: nothing.
const Interruption* interruption_of_this_thread();

/// Whether the work of this thread is to end.
bool interruption_asked();

/// Throws Interrupted where the work of this thread is to end.
void check_interruption();

}  // namespace psi_xlstm
