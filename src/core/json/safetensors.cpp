#include "core/json/safetensors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <utility>

#include "core/json/json_reader.hpp"
#include "core/sha256.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

static_assert(std::endian::native == std::endian::little, "values are copied as they lie");

using nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kLongestHeader = 100'000'000;  // The limit of the reference reader.
constexpr int kDeepestLevel = 3;                       // root, tensor, shape.
constexpr const char* kMetadata = "__metadata__";
constexpr const char* kChecksum = "content_sha256";

[[noreturn]] void fail(const std::string& where,
                       std::string_view expected,
                       const std::string& found) {
  throw DataError(fmt::format("{}: expected {}, found {}", where, expected, found));
}

// Where one tensor lies in the data, in bytes.
struct Span {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string name;
};

json parse_header(std::string_view text, const std::string& where) {
  json header = parse_json(text, where, {.bytes = kLongestHeader, .depth = kDeepestLevel});
  if (!header.is_object()) fail(where, "a JSON object as header", header.type_name());
  return header;
}

// How long the header of `bytes` is. Every such file opens with that number and a brace.
std::uint64_t header_length(std::string_view bytes, const std::string& where) {
  std::uint64_t length = 0;
  if (bytes.size() >= kLengthBytes) std::memcpy(&length, bytes.data(), kLengthBytes);
  const bool opens = bytes.size() > kLengthBytes && bytes[kLengthBytes] == '{';
  if (!opens || length > kLongestHeader) {
    fail(where, "a file such as model.safetensors", "another format");
  }
  if (length > bytes.size() - kLengthBytes) {
    fail(where, fmt::format("a header of {} bytes", length),
         fmt::format("{}: the file is cut off", bytes.size() - kLengthBytes));
  }
  return length;
}

std::optional<std::uint64_t> natural_number(const json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  return value.get<std::uint64_t>();
}

std::vector<std::uint64_t> natural_numbers(const json& entry,
                                           const std::string& key,
                                           const std::string& where) {
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_array()) {
    fail(where, fmt::format("a list \"{}\"", key),
         found == entry.end() ? std::string("none") : found->type_name());
  }
  std::vector<std::uint64_t> numbers;
  for (const json& element : *found) {
    const auto number = natural_number(element);
    if (!number) {
      fail(where, fmt::format("natural numbers in \"{}\"", key),
           element.is_number() ? element.dump() : std::string(element.type_name()));
    }
    numbers.push_back(*number);
  }
  return numbers;
}

std::uint64_t bytes_per_value(const json& entry, const std::string& where) {
  const auto type = entry.find("dtype");
  if (type != entry.end() && *type == "F64") return 8;
  if (type != entry.end() && *type == "F32") return 4;
  fail(where, "values of type F64 or F32", type == entry.end() ? "no \"dtype\"" : type->dump());
}

// The number of values of `shape`, or nothing if it is more than `limit`.
std::optional<std::uint64_t> value_count(const std::vector<std::uint64_t>& shape,
                                         std::uint64_t limit) {
  if (std::find(shape.begin(), shape.end(), 0U) != shape.end()) return 0;
  std::uint64_t count = 1;
  for (const std::uint64_t length : shape) {
    if (length > limit / count) return std::nullopt;
    count *= length;
  }
  return count;
}

std::vector<double> decode(std::string_view bytes, std::uint64_t width) {
  std::vector<double> values(bytes.size() / width);
  if (width == sizeof(double)) {
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    float value = 0;
    std::memcpy(&value, bytes.data() + i * sizeof(float), sizeof(float));
    values[i] = static_cast<double>(value);
  }
  return values;
}

StoredTensor read_tensor(const json& entry,
                         std::string_view data,
                         const std::string& where,
                         Span& span) {
  if (!entry.is_object()) fail(where, "an object", entry.type_name());
  const std::uint64_t width = bytes_per_value(entry, where);
  const auto shape = natural_numbers(entry, "shape", where);
  const auto offsets = natural_numbers(entry, "data_offsets", where);
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data.size()) {
    fail(where, fmt::format("two rising offsets of at most {} bytes", data.size()),
         fmt::format("[{}]", fmt::join(offsets, ", ")));
  }
  span.begin = offsets[0];
  span.end = offsets[1];
  const std::uint64_t size = span.end - span.begin;
  const auto count = value_count(shape, data.size() / width);
  constexpr auto kLongest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const bool too_long =
      std::any_of(shape.begin(), shape.end(), [](std::uint64_t n) { return n > kLongest; });
  if (!count || too_long || *count * width != size) {
    fail(where, fmt::format("{} bytes per value of shape [{}]", width, fmt::join(shape, ", ")),
         fmt::format("{} bytes", size));
  }
  return {.shape = {shape.begin(), shape.end()},
          .values = decode(data.substr(span.begin, size), width)};
}

// Throws where the tensors of `header` reach beyond the `size` bytes of data.
void check_length(const json& header, std::uint64_t size, const std::string& where) {
  std::uint64_t end = 0;
  for (const json& entry : header) {
    const auto offsets = entry.is_object() ? entry.find("data_offsets") : entry.end();
    if (!entry.is_object() || offsets == entry.end() || !offsets->is_array()) continue;
    for (const json& offset : *offsets) end = std::max(end, natural_number(offset).value_or(0));
  }
  if (end > size) {
    fail(where, fmt::format("{} bytes behind its header", end),
         fmt::format("{}: the file is cut off", size));
  }
}

// The tensors must fill the data from end to end, each byte used once.
void check_coverage(std::vector<Span> spans, std::uint64_t size, const std::string& where) {
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  std::uint64_t position = 0;
  for (const Span& span : spans) {
    if (span.begin != position) {
      fail(where, fmt::format("tensor \"{}\" to begin at byte {}", span.name, position),
           fmt::format("{}", span.begin));
    }
    position = span.end;
  }
  if (position != size) {
    fail(where, fmt::format("{} bytes of data", position), fmt::format("{}", size));
  }
}

std::map<std::string, std::string> read_metadata(const json& entry, const std::string& where) {
  if (!entry.is_object()) fail(where, "an object as __metadata__", entry.type_name());
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : entry.items()) {
    if (!value.is_string()) fail(where, "texts in __metadata__", value.type_name());
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

// Throws unless `tensor` has as many values as its shape says.
void check_shape(const std::string& name, const StoredTensor& tensor) {
  const bool negative = std::any_of(tensor.shape.begin(), tensor.shape.end(),
                                    [](std::int64_t length) { return length < 0; });
  const auto count =
      negative ? std::nullopt
               : value_count({tensor.shape.begin(), tensor.shape.end()}, tensor.values.size());
  if (count != tensor.values.size()) {
    throw ShapeError(fmt::format("tensor \"{}\": expected values of shape [{}], found {} values",
                                 name, fmt::join(tensor.shape, ", "), tensor.values.size()));
  }
}

// Of all that `file` holds. Lengths stand before what they are of, so that no two files are told as
// the same bytes.
std::string checksum_of(const SafetensorsFile& file) {
  Sha256 sum;
  const auto add = [&](const std::string& text) {
    sum.add(fmt::format("{} {}", text.size(), text));
  };
  for (const auto& [name, text] : file.metadata) {
    add(name);
    add(text);
  }
  for (const auto& [name, tensor] : file.tensors) {
    add(name);
    add(fmt::format("{}", fmt::join(tensor.shape, " ")));
    sum.add(tensor.values);
  }
  return sum.hex();
}

// Throws unless `file` holds what it was written with; takes the checksum out of it.
void check_content(SafetensorsFile& file, const std::string& where) {
  const auto noted = file.metadata.find(kChecksum);
  if (noted == file.metadata.end()) return;
  const std::string expected = noted->second;
  file.metadata.erase(noted);
  if (checksum_of(file) != expected) {
    fail(where, fmt::format("the content of its {}", kChecksum),
         "another: the file is damaged or was changed; take it from where it was written");
  }
}

std::string header_text(const SafetensorsFile& file) {
  auto header = nlohmann::ordered_json::object();
  auto metadata = file.metadata;
  metadata[kChecksum] = checksum_of(file);
  header[kMetadata] = std::move(metadata);
  std::uint64_t begin = 0;
  for (const auto& [name, tensor] : file.tensors) {
    if (name == kMetadata) fail("safetensors", "the name of a tensor", name);
    check_shape(name, tensor);
    const std::uint64_t end = begin + tensor.values.size() * sizeof(double);
    header[name] = {{"dtype", "F64"}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
    begin = end;
  }
  try {
    return header.dump();
  } catch (const json::exception& e) {
    fail("safetensors", "names and metadata in UTF-8", plain_reason(e));
  }
}

}  // namespace

std::string safetensors_bytes(const SafetensorsFile& file) {
  std::string header = header_text(file);
  header.resize((header.size() + kLengthBytes - 1) / kLengthBytes * kLengthBytes, ' ');
  const std::uint64_t length = header.size();
  std::string bytes(kLengthBytes, '\0');
  std::memcpy(bytes.data(), &length, kLengthBytes);
  bytes += header;
  for (const auto& [name, tensor] : file.tensors) {
    bytes.append(reinterpret_cast<const char*>(tensor.values.data()),
                 tensor.values.size() * sizeof(double));
  }
  return bytes;
}

SafetensorsFile parse_safetensors(std::string_view bytes, const std::string& where) {
  const std::uint64_t length = header_length(bytes, where);
  const json header = parse_header(bytes.substr(kLengthBytes, length), where);
  const std::string_view data = bytes.substr(kLengthBytes + length);

  check_length(header, data.size(), where);
  SafetensorsFile file;
  std::vector<Span> spans;
  for (const auto& [name, entry] : header.items()) {
    if (name == kMetadata) {
      file.metadata = read_metadata(entry, where);
      continue;
    }
    Span span{.begin = 0, .end = 0, .name = name};
    file.tensors[name] =
        read_tensor(entry, data, fmt::format("{}: tensor \"{}\"", where, name), span);
    spans.push_back(std::move(span));
  }
  check_coverage(std::move(spans), data.size(), where);
  check_content(file, where);
  return file;
}

StoredTensor vector_tensor(std::vector<double> values) {
  const auto size = static_cast<std::int64_t>(values.size());
  return {{size}, std::move(values)};
}

const std::vector<double>& tensor_values(const SafetensorsFile& file,
                                         const std::string& name,
                                         const std::string& where) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end()) fail(where, fmt::format("a tensor \"{}\"", name), "none");
  return found->second.values;
}

const std::string& metadata_text(const SafetensorsFile& file,
                                 const std::string& name,
                                 const std::string& where) {
  const auto found = file.metadata.find(name);
  if (found == file.metadata.end()) fail(where, fmt::format("the metadata \"{}\"", name), "none");
  return found->second;
}

}  // namespace psi_xlstm
