#pragma once

/// @file
/// The safetensors format (https://github.com/huggingface/safetensors, README "Format"): 8 bytes of
/// little-endian header length, a JSON header, then the values of all tensors without gaps.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace psi_xlstm {

/// A dense array. `values` is row-major and holds as many numbers as the product of `shape`; an
/// empty shape is one number.
struct StoredTensor {
  std::vector<std::int64_t> shape;
  std::vector<double> values;
};

/// What one file holds.
struct SafetensorsFile {
  std::map<std::string, StoredTensor> tensors;  ///< By name; stored as F64.
  std::map<std::string, std::string> metadata;  ///< The `__metadata__` of the header.
};

/// The bytes of `file`: sorted names, header padded with spaces to a multiple of 8 bytes, so equal
/// contents give equal bytes. The metadata there hold one text more, "content_sha256", the checksum
/// of all names, shapes, numbers and other metadata. Throws ShapeError if a tensor's values do not
/// fit its shape, and DataError if a name or a metadata text cannot be written.
std::string safetensors_bytes(const SafetensorsFile& file);

/// Reads tensors of type F64 and F32 from `bytes`; `where` opens every message. Throws DataError if
/// the bytes are not a valid file, hold another type, or note a "content_sha256" that is not
/// theirs. Files of other programs note none.
SafetensorsFile parse_safetensors(std::string_view bytes, const std::string& where);

/// One axis of `values`.
StoredTensor vector_tensor(std::vector<double> values);

/// The values of the tensor `name` of `file`; `where` opens the message. Throws DataError where
/// there is none.
const std::vector<double>& tensor_values(const SafetensorsFile& file,
                                         const std::string& name,
                                         const std::string& where);

/// The metadata `name` of `file`. Throws as tensor_values does.
const std::string& metadata_text(const SafetensorsFile& file,
                                 const std::string& name,
                                 const std::string& where);

}  // namespace psi_xlstm
