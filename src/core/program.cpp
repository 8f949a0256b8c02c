#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>
#include <system_error>

#include "core/interruption.hpp"
#include "core/process.hpp"

// run_program() of core/process.hpp: a program as a function from its input to its output.

namespace psi_xlstm {
namespace {

constexpr std::size_t kKeptErrors = std::size_t{1} << 20;  // [bytes]

// What a program writes on one of its streams, read without waiting.
class Captured {
 public:
  Captured() {
    int pair[2];
    if (::pipe2(pair, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category());
    ours_ = Descriptor(pair[0]);
    theirs_ = Descriptor(pair[1]);
    ::fcntl(pair[0], F_SETFL, O_NONBLOCK);
  }

  int theirs() const { return theirs_.number(); }
  void close_theirs() { theirs_.close(); }
  pollfd wanted() const { return {.fd = ours_.number(), .events = POLLIN, .revents = 0}; }

  // Takes what has come; keeps `most` bytes of all and forgets the rest. At most 256 blocks, more
  // than a pipe holds: a program that never stops must not keep this process from its time limit.
  void take(std::size_t most) {
    for (int blocks = 0; blocks < 256 && ours_.is_open(); ++blocks) {
      const ssize_t count = ::read(ours_.number(), block_.data(), block_.size());
      if (count < 0 && errno == EINTR) continue;
      if (count == 0) ours_.close();
      if (count <= 0) return;
      const auto fresh = static_cast<std::size_t>(count), room = most - text_.size();
      text_.append(block_.data(), std::min(fresh, room));
      too_much_ = too_much_ || fresh > room;
    }
  }

  bool too_much() const { return too_much_; }
  std::string& text() { return text_; }

 private:
  Descriptor ours_, theirs_;
  std::array<char, 1 << 16> block_;
  std::string text_;
  bool too_much_ = false;
};

// A file in memory that holds `bytes`: a program that does not read them cannot block this process.
Descriptor in_memory(std::string_view bytes) {
  Descriptor file(::memfd_create("psi", MFD_CLOEXEC));
  while (file.is_open() && !bytes.empty()) {
    const ssize_t written = ::write(file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw std::system_error(errno, std::generic_category());
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (!file.is_open() || ::lseek(file.number(), 0, SEEK_SET) != 0) {
    throw std::system_error(errno, std::generic_category());
  }
  return file;
}

}  // namespace

bool ProgramOutcome::succeeded() const {
  return status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0;
}

std::string ProgramOutcome::problem() const {
  if (start_error != 0) return std::generic_category().message(start_error);
  if (too_much) return fmt::format("more than {} bytes of output", output.size());
  if (!status) return fmt::format("no end within {} s", time_limit);
  if (succeeded()) return "";
  const std::string line = line_with_error(errors.empty() ? output : errors);
  return ending_text(*status) + (line.empty() ? "" : ": " + line);
}

ProgramOutcome run_program(std::vector<std::string> words,
                           std::string_view input,
                           double time_limit,
                           const ProgramSettings& settings) {
  ProgramOutcome outcome{.time_limit = time_limit};
  try {
    const Descriptor in = in_memory(input);
    Captured out, errors;
    Process process({.words = std::move(words),
                     .environment = plain_environment(settings.temporary),
                     .folder = settings.folder},
                    {.input = in.number(), .output = out.theirs(), .errors = errors.theirs()});
    out.close_theirs();
    errors.close_theirs();
    const auto deadline = time_after(time_limit);
    while (!process.ended() && !out.too_much() && Process::Clock::now() < deadline) {
      std::array<pollfd, 3> wanted = {
          out.wanted(), errors.wanted(), {.fd = process.end_descriptor(), .events = POLLIN}};
      check_interruption();
      ::poll(wanted.data(), wanted.size(), poll_time(deadline));
      out.take(settings.most_output);
      errors.take(kKeptErrors);
    }
    outcome.status = process.ended();
    process.kill();
    out.take(settings.most_output);
    errors.take(kKeptErrors);
    outcome.too_much = out.too_much();
    if (outcome.too_much) outcome.status.reset();
    outcome.output = std::move(out.text());
    outcome.errors = std::move(errors.text());
  } catch (const std::system_error& e) {
    outcome.start_error = e.code().value();
  }
  return outcome;
}

std::string line_with_error(const std::string& text) {
  std::istringstream lines(text);
  std::string first;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("error") != line.npos) return line.substr(0, 300);
    if (first.empty()) first = line.substr(0, 300);
  }
  return first;
}

}  // namespace psi_xlstm
