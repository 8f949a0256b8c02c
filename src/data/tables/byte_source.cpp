#include "data/tables/byte_source.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kHeadSize = std::size_t{256} * 1024;
constexpr std::size_t kFirstPart = std::size_t{4} * 1024;  // Of the head; twice as much each time.
constexpr std::size_t kPackedSize = std::size_t{64} * 1024;

void append_utf8(std::string& text, std::uint32_t code) {
  const auto byte = [&](std::uint32_t bits) { text += static_cast<char>(bits); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | (code >> 6));
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | (code >> 12));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | (code >> 18));
    byte(0x80 | ((code >> 12) & 0x3F));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

}  // namespace

// The file, below it what unpacks it, below that what decodes it.
class ByteSource::Layers {
 public:
  explicit Layers(const std::filesystem::path& file) : file_(file, "data file", kLargestText) {
    const std::string where = file.string();
    packed_.resize(kPackedSize);
    while (packed_end_ < 2 && fill_packed(where)) {
    }
    gzip_ = packed_end_ >= 2 && packed_[0] == '\x1F' && packed_[1] == '\x8B';
    constexpr int kGzipWindow = 15 + 16;
    if (gzip_) inflater_.open(kGzipWindow);
    decoded_.resize(2);
    std::size_t count = 0;
    while (count < 2) {
      const std::size_t more = unpacked(std::span(decoded_).subspan(count), where);
      if (more == 0) break;
      count += more;
    }
    decoded_.resize(count);
    little_ = decoded_ == "\xFF\xFE";
    wide_ = little_ || decoded_ == "\xFE\xFF";
    if (wide_) decoded_.clear();
  }
  Layers(const Layers&) = delete;
  Layers& operator=(const Layers&) = delete;

  std::size_t read(std::span<char> buffer, const std::string& where) {
    if (wide_ && decoded_begin_ == decoded_.size()) decode_more(where);
    if (decoded_begin_ < decoded_.size()) {
      const std::size_t count = std::min(buffer.size(), decoded_.size() - decoded_begin_);
      std::memcpy(buffer.data(), decoded_.data() + decoded_begin_, count);
      decoded_begin_ += count;
      return count;
    }
    return wide_ ? 0 : unpacked(buffer, where);
  }

  std::string packing() const {
    return std::string(gzip_ ? "gzip" : "") + (gzip_ && wide_ ? ", " : "") +
           (wide_ ? "UTF-16" : "");
  }

 private:
  bool fill_packed(const std::string& where) {
    if (packed_begin_ == packed_end_) packed_begin_ = packed_end_ = 0;
    const std::size_t count = file_.read(std::span(packed_).subspan(packed_end_), where);
    packed_end_ += count;
    return count > 0;
  }

  std::size_t unpacked(std::span<char> buffer, const std::string& where) {
    if (gzip_) return inflated(buffer, where);
    if (packed_begin_ == packed_end_) return file_.read(buffer, where);
    const std::size_t count = std::min(buffer.size(), packed_end_ - packed_begin_);
    std::memcpy(buffer.data(), packed_.data() + packed_begin_, count);
    packed_begin_ += count;
    return count;
  }

  std::size_t inflated(std::span<char> buffer, const std::string& where) {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream_.avail_out = static_cast<uInt>(buffer.size());
    while (stream_.avail_out == buffer.size()) {
      if (packed_begin_ == packed_end_ && !fill_packed(where)) {
        if (member_ended_) return 0;
        throw DataError(
            fmt::format("{}: expected more of the gzip file, found its end: it is cut off", where));
      }
      if (member_ended_) {  // Members may follow one another; zeros may fill up a tape.
        if (packed_[packed_begin_] == '\0') {
          ++packed_begin_;
          continue;
        }
        ::inflateReset(&stream_);
        member_ended_ = false;
      }
      stream_.next_in = reinterpret_cast<Bytef*>(packed_.data() + packed_begin_);
      stream_.avail_in = static_cast<uInt>(packed_end_ - packed_begin_);
      const int outcome = ::inflate(&stream_, Z_NO_FLUSH);
      packed_begin_ = packed_end_ - stream_.avail_in;
      member_ended_ = outcome == Z_STREAM_END;
      if (outcome != Z_OK && outcome != Z_STREAM_END && outcome != Z_BUF_ERROR) {
        throw DataError(fmt::format("{}: expected a gzip file that can be unpacked, found: {}",
                                    where, stream_.msg != nullptr ? stream_.msg : "damage"));
      }
    }
    const std::size_t count = buffer.size() - stream_.avail_out;
    given_ += count;
    if (given_ > kLargestText) {
      throw DataError(fmt::format("{}: expected a data file of at most {} bytes, found more", where,
                                  kLargestText));
    }
    return count;
  }

  void decode_more(const std::string& where) {
    decoded_.clear();
    decoded_begin_ = 0;
    std::array<char, 1 << 14> bytes;
    while (decoded_.empty()) {
      std::size_t count = odd_ ? 1 : 0;
      if (odd_) bytes[0] = *odd_;
      const std::size_t more = unpacked(std::span(bytes).subspan(count), where);
      if (more == 0) return;
      count += more;
      odd_.reset();
      if (count % 2 == 1) odd_ = bytes[count - 1];
      for (std::size_t i = 0; i + 1 < count; i += 2) add_unit(bytes[i], bytes[i + 1]);
    }
  }

  void add_unit(char first, char second) {
    const auto low = static_cast<unsigned char>(little_ ? first : second);
    const auto high = static_cast<unsigned char>(little_ ? second : first);
    const std::uint32_t unit = low | (std::uint32_t{high} << 8);
    if (unit >= 0xD800 && unit < 0xDC00) {
      surrogate_ = unit;
    } else if (unit >= 0xDC00 && unit < 0xE000) {
      if (surrogate_ != 0) {
        append_utf8(decoded_, 0x10000 + ((surrogate_ - 0xD800) << 10) + (unit - 0xDC00));
      }
      surrogate_ = 0;
    } else {
      append_utf8(decoded_, unit);
    }
  }

  InputFile file_;
  std::vector<char> packed_;
  std::size_t packed_begin_ = 0, packed_end_ = 0;
  bool gzip_ = false, member_ended_ = false;
  // The state of zlib, which goes with it.
  struct Inflater {
    z_stream stream{};
    bool is_open = false;

    void open(int window) {
      if (::inflateInit2(&stream, window) != Z_OK) throw std::bad_alloc();
      is_open = true;
    }
    ~Inflater() {
      if (is_open) ::inflateEnd(&stream);
    }
  };

  Inflater inflater_;
  z_stream& stream_ = inflater_.stream;
  std::uint64_t given_ = 0;  // Bytes unpacked so far.
  bool wide_ = false, little_ = false;
  std::string decoded_;
  std::size_t decoded_begin_ = 0;
  std::optional<char> odd_;  // The first half of a unit whose second half is still to come.
  std::uint32_t surrogate_ = 0;
};

ByteSource::ByteSource(const std::filesystem::path& file)
    : name_(file.string()), layers_(std::make_unique<Layers>(file)) {
  std::size_t count = 0;
  while (count < kHeadSize && !head_is_all_) {
    head_.resize(std::min(kHeadSize, std::max(kFirstPart, 2 * count)));
    const std::size_t more = layers_->read(std::span(head_).subspan(count), name_);
    head_is_all_ = more == 0;
    count += more;
  }
  head_.resize(count);
  returns_ = head_.find('\r') != head_.npos && head_.find('\n') == head_.npos &&
             head_.find('\0') == head_.npos;
  if (returns_) std::replace(head_.begin(), head_.end(), '\r', '\n');
}

ByteSource::ByteSource(ByteSource&&) noexcept = default;
ByteSource::~ByteSource() = default;

std::size_t ByteSource::read(std::span<char> buffer, const std::string& where) {
  if (given_ == head_.size()) {
    const std::size_t more = head_is_all_ ? 0 : layers_->read(buffer, where);
    if (returns_)
      std::replace(buffer.begin(), buffer.begin() + static_cast<long>(more), '\r', '\n');
    return more;
  }
  const std::size_t count = std::min(buffer.size(), head_.size() - given_);
  std::memcpy(buffer.data(), head_.data() + given_, count);
  given_ += count;
  return count;
}

std::string ByteSource::rest(std::uint64_t largest) {
  std::string bytes;
  std::vector<char> buffer(kPackedSize);
  while (const std::size_t count = read(buffer, name_)) {
    bytes.append(buffer.data(), count);
    if (bytes.size() > largest) {
      throw DataError(fmt::format(
          "{}: expected a file of this kind of at most {} bytes, found more", name_, largest));
    }
  }
  return bytes;
}

std::string ByteSource::packing() const {
  const std::string packing = layers_->packing();
  if (!returns_) return packing;
  return packing + (packing.empty() ? "" : ", ") + "lines ended by CR";
}

}  // namespace psi_xlstm
