#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace psi_xlstm::testing {

/// The exit code of admsXml (0: it accepts the text) on `verilog_a`, run in a folder of its own.
inline int adms_exit_code(const std::string& verilog_a) {
  std::string folder = (std::filesystem::temp_directory_path() / "adms_XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
  std::ofstream(std::filesystem::path(folder) / "model.va") << verilog_a;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  std::string program = "admsXml", file = "model.va";
  std::array<char*, 3> arguments = {program.data(), file.data(), nullptr};
  pid_t child = 0;
  const int failed = posix_spawnp(&child, "admsXml", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (failed == 0) waitpid(child, &status, 0);
  std::filesystem::remove_all(folder);
  if (failed != 0) throw std::runtime_error("admsXml cannot be started");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// `verilog_a`, which admsXml must accept: for every test that emits it.
inline std::string accepted_by_adms(std::string verilog_a) {
  EXPECT_EQ(adms_exit_code(verilog_a), 0) << verilog_a;
  return verilog_a;
}

}  // namespace psi_xlstm::testing
