#pragma once

// Long work on behalf of Python: it runs in a thread of its own while the thread that asked for it
// waits without the interpreter's lock, hands on what the work tells, and looks for signals. Ctrl-C
// and a callback that raises end the work.

#include <pybind11/pybind11.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/interruption.hpp"

namespace psi_xlstm::python {

namespace py = pybind11;

/// What the work tells on its way: a stage, how much of it is done (0 to 1), one line of detail.
struct News {
  std::string stage;
  double done = 0;
  std::string detail;
};

/// One piece of work.
class Waiting {
 public:
  /// Called by the work, from any of its threads.
  void tell(News news) {
    const std::lock_guard lock(mutex_);
    news_.push_back(std::move(news));
    changed_.notify_all();
  }

  /// Runs `work`, which must not touch Python. `told` is called in this thread, with the lock of
  /// the interpreter. Throws what `work` or `told` throws, and KeyboardInterrupt after Ctrl-C.
  void run(const std::function<void()>& work, const std::function<void(const News&)>& told) {
    Interruption interruption;
    std::exception_ptr problem;
    std::thread thread([&] {
      const InterruptionScope scope(&interruption);
      try {
        work();
      } catch (...) {
        problem = std::current_exception();
      }
      const std::lock_guard lock(mutex_);
      ended_ = true;
      changed_.notify_all();
    });
    const auto join = [&] {
      const py::gil_scoped_release free;
      thread.join();
    };
    try {
      while (hand_on(told)) {
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      }
    } catch (...) {
      interruption.ask();
      join();
      throw;
    }
    join();
    if (problem) std::rethrow_exception(problem);
  }

 private:
  // Waits a little and hands on what has come; whether the work goes on.
  bool hand_on(const std::function<void(const News&)>& told) {
    constexpr std::chrono::milliseconds kPatience{50};
    std::vector<News> come;
    bool ended = false;
    {
      const py::gil_scoped_release free;
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kPatience, [&] { return ended_ || !news_.empty(); });
      come.swap(news_);
      ended = ended_;
    }
    for (const News& news : come) told(news);
    return !ended;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<News> news_;
  bool ended_ = false;
};

/// The same of work that tells nothing.
inline void wait_for(const std::function<void()>& work) {
  Waiting().run(work, [](const News&) {});
}

}  // namespace psi_xlstm::python
