#include "model/file_format.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/atomic_file.hpp"
#include "core/json/stored_json.hpp"
#include "psi_xlstm/core/version.hpp"

namespace psi_xlstm::model {
namespace {

std::string text_of(const SafetensorsFile& file, const char* key, const char* otherwise) {
  const auto found = file.metadata.find(key);
  return found == file.metadata.end() ? otherwise : found->second;
}

// The version that the file says, 1 where it says nothing.
int version_of(const SafetensorsFile& content, const FileFormat& format) {
  const std::string name = text_of(content, "format", "pt");
  if (name == "pt") return 1;
  if (name != format.name) {
    throw DataError(fmt::format("expected a {}, found {}", format.name, quotation(name)));
  }
  const std::string text = text_of(content, "format_version", "");
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version < 2) {
    throw DataError(fmt::format("expected the version of a {} from 2 on, found {}", format.name,
                                quotation(text)));
  }
  return version;
}

}  // namespace

std::map<std::string, std::string> opening(const FileFormat& format, int version) {
  return {{"format", format.name},
          {"format_version", fmt::format("{}", version)},
          {"made_by", "psi-xlstm " + psi_xlstm::version()}};
}

SafetensorsFile read_stored_file(const std::filesystem::path& file, const FileFormat& format) {
  const std::string where = file.string();
  SafetensorsFile content = parse_safetensors(read_file(file), where);
  return named_problems(where, [&] {
    const int found = version_of(content, format);
    if (found > format.version) {
      throw DataError(fmt::format(
          "expected a {} of format version {} or older, found version {}, made by "
          "{}: read it with that program",
          format.name, format.version, found, quotation(text_of(content, "made_by", "unknown"))));
    }
    return std::move(content);
  });
}

DataError problem_in(const std::string& where, const std::string& problem) {
  std::string text = problem.starts_with(where + ": ") ? problem : where + ": " + problem;
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at)) {
    text.replace(at, 1, "; ");
  }
  return DataError(text);
}

}  // namespace psi_xlstm::model
