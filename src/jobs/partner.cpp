#include "jobs/partner.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 1 << 16;  // [bytes]
// Of one stream in one talk: more than a pipe or a socket holds, so of a program that has ended all
// is taken, and one that never stops does not keep this process from looking at the time.
constexpr int kMostBlocks = 256;
constexpr std::size_t kKeptErrors = 8192;      // The last of what it said [bytes].
constexpr std::size_t kLongestSentence = 400;  // [bytes]

[[noreturn]] void fail() { throw std::system_error(errno, std::generic_category()); }

}  // namespace

Partner::Connection Partner::socket() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) fail();
  return {Descriptor(pair[0]), Descriptor(pair[1])};
}

Partner::Connection Partner::pipe() {
  int pair[2];
  if (::pipe2(pair, O_CLOEXEC) != 0) fail();
  ::fcntl(pair[0], F_SETFL, O_NONBLOCK);
  return {Descriptor(pair[0]), Descriptor(pair[1])};
}

Partner::Partner(const Command& command, std::string bytes)
    : process_(command,
               {.input = socket_.theirs.number(),
                .output = socket_.theirs.number(),
                .errors = errors_.theirs.number()}),
      unsent_(std::move(bytes)) {
  socket_.theirs.close();
  errors_.theirs.close();
  if (unsent_.empty()) ::shutdown(socket_.ours.number(), SHUT_WR);
}

std::array<pollfd, 3> Partner::wanted() const {
  const bool sending = sent_ < unsent_.size();
  return {pollfd{.fd = socket_.ours.number(),
                 .events = static_cast<short>(sending ? POLLIN | POLLOUT : POLLIN),
                 .revents = 0},
          pollfd{.fd = errors_.ours.number(), .events = POLLIN, .revents = 0},
          pollfd{.fd = process_.end_descriptor(), .events = POLLIN, .revents = 0}};
}

void Partner::talk(const Told& told) {
  send_some();
  listen();
  for (int block = 0; block < kMostBlocks && receive_block(); ++block) {
    while (auto message = take_message(received_)) told(std::move(*message));
  }
}

void Partner::send_some() {
  while (socket_.ours.is_open() && sent_ < unsent_.size()) {
    const ssize_t count = ::send(socket_.ours.number(), unsent_.data() + sent_,
                                 unsent_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    // Where nobody reads any more, what it said before is still to be read.
    sent_ = count < 0 ? unsent_.size() : sent_ + static_cast<std::size_t>(count);
    if (sent_ == unsent_.size()) ::shutdown(socket_.ours.number(), SHUT_WR);
  }
}

// Whether something has come.
bool Partner::receive_block() {
  while (socket_.ours.is_open()) {
    const std::size_t before = received_.size();
    received_.resize(before + kBlock);
    const ssize_t count =
        ::recv(socket_.ours.number(), received_.data() + before, kBlock, MSG_DONTWAIT);
    received_.resize(before + static_cast<std::size_t>(count > 0 ? count : 0));
    if (count > 0) return true;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return false;
    socket_.ours.close();
  }
  return false;
}

void Partner::listen() {
  std::array<char, kBlock> block;
  for (int blocks = 0; blocks < kMostBlocks && errors_.ours.is_open();) {
    const ssize_t count = ::read(errors_.ours.number(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) errors_.ours.close();
    if (count <= 0) return;
    said_.append(block.data(), static_cast<std::size_t>(count));
    if (said_.size() > kKeptErrors) said_.erase(0, said_.size() - kKeptErrors);
    ++blocks;
  }
}

std::string Partner::said() const {
  std::string text = said_;
  if (const auto at = text.rfind("error: "); at != text.npos) {
    text.erase(0, at + 7);
  } else {
    text.erase(text.find_last_not_of("\r\n") + 1);
    text.erase(0, text.rfind('\n') + 1);
  }
  text = printable(text);
  text.erase(text.find_last_not_of(' ') + 1);
  return cut(text, kLongestSentence);
}

namespace {

// Where the shared library lies that this code is in; empty where it is in no such library, but in
// the program itself.
fs::path folder_of_this_code() {
  static const int here = 0;
  Dl_info found = {};
  if (::dladdr(&here, &found) == 0 || found.dli_fname == nullptr) return {};
  const fs::path file = found.dli_fname;
  std::error_code ignored;
  if (!file.is_absolute() || fs::equivalent(file, "/proc/self/exe", ignored)) return {};
  return file.parent_path();
}

}  // namespace

fs::path helper_program(const std::string& name,
                        const fs::path& named,
                        const char* variable,
                        std::string_view what,
                        std::string_view advice) {
  std::vector<fs::path> places;
  if (!named.empty()) {
    places = {named};
  } else if (const std::string value = environment_variable(variable); !value.empty()) {
    places = {value};
  } else {
    std::error_code ignored;
    const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    places = {folder / name, folder.parent_path() / name};
    if (const fs::path own = folder_of_this_code(); !own.empty()) {
      places.insert(places.begin(), own / "bin" / name);
    }
  }
  for (const fs::path& place : places) {
    std::error_code ignored;
    if (fs::is_regular_file(place, ignored) && ::access(place.c_str(), X_OK) == 0) {
      return fs::absolute(place);
    }
  }
  throw ConfigError(fmt::format("{}: expected a program at {}, found none{}{}", what,
                                places.front().string(), advice.empty() ? "" : "; ", advice));
}

fs::path trainer_program() {
  return helper_program("psi_trainer", {}, "PSI_TRAINER", "trainer",
                        "scripts/setup.sh --all installs LibTorch and builds it");
}

Descriptor claim_output() {
  Descriptor ours(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!ours.is_open() || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) fail();
  return ours;
}

}  // namespace psi_xlstm
