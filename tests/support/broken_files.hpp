#pragma once

/// @file
/// Files that a loader must refuse with a sentence that names them.

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <string>

#include "core/atomic_file.hpp"
#include "core/json/safetensors.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::testing {

// Whether `problem` is a sentence about `file`.
inline bool is_about(const std::filesystem::path& file, const std::string& problem) {
  return problem.starts_with(file.string() + ": ") && problem.find("expected ") != problem.npos;
}

template <class Load>
std::string problem_with(const Load& load, const std::filesystem::path& file) {
  try {
    load(file);
  } catch (const DataError& e) {
    return e.what();
  }
  return "none";
}

// The safetensors `bytes` with a checksum that no reader looks for, so that damage in them is read.
inline std::string without_checksum(std::string bytes) {
  const std::string name = "content_sha256";
  const std::size_t at = bytes.find(name);  // Files of the first versions have none.
  return at == bytes.npos ? bytes : bytes.replace(at, name.size(), "another_sha256");
}

// The file without the tensor `name`.
inline void without_tensor(const std::filesystem::path& file, const std::string& name) {
  SafetensorsFile content = parse_safetensors(read_file(file), file.string());
  ASSERT_EQ(content.tensors.erase(name), 1u);
  write_file(file, safetensors_bytes(content));
}

// Every loader refuses a file that is missing, empty, cut anywhere, a text, or a folder, and names
// it.
template <class Save, class Load>
void expect_broken_files_are_refused(const std::filesystem::path& file,
                                     const Save& save,
                                     const Load& load) {
  std::filesystem::remove_all(file);
  EXPECT_EQ(problem_with(load, file),
            file.string() + ": expected a readable file, found: No such file or directory");
  save(file);
  ASSERT_EQ(problem_with(load, file), "none");
  const std::string bytes = read_file(file);
  for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 97) {
    write_file(file, bytes.substr(0, size));
    EXPECT_TRUE(is_about(file, problem_with(load, file)))
        << "cut to " << size << " of " << bytes.size() << " bytes";
  }
  for (const std::string& text :
       {std::string("time_s,voltage_V,current_A\n0,0,0\n"), std::string(4096, '\0'), bytes + "x"}) {
    write_file(file, text);
    EXPECT_TRUE(is_about(file, problem_with(load, file)));
  }
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  EXPECT_TRUE(is_about(file, problem_with(load, file)));
  std::filesystem::remove(file);
}

}  // namespace psi_xlstm::testing
