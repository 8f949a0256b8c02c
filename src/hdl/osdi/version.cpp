#include "hdl/osdi/version.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "core/atomic_file.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::hdl {
namespace {

/// The bytes of an ELF file; everything outside of them is an error of the file.
class ElfFile {
 public:
  explicit ElfFile(const std::filesystem::path& file)
      : name_(file.string()), bytes_(read_file(file)) {
    header_ = at<Elf64_Ehdr>(0);
    const bool known = std::memcmp(header_.e_ident, ELFMAG, SELFMAG) == 0 &&
                       header_.e_ident[EI_CLASS] == ELFCLASS64 &&
                       header_.e_ident[EI_DATA] == ELFDATA2LSB;
    if (!known) refuse("a 64-bit ELF library");
  }

  /// The 32-bit number that the dynamic symbol `wanted` names.
  std::uint32_t number(std::string_view wanted) const {
    for (std::size_t s = 0; s < header_.e_shnum; ++s) {
      const Elf64_Shdr section = section_at(s);
      if (section.sh_type != SHT_DYNSYM) continue;
      const Elf64_Shdr names = section_at(section.sh_link);
      for (std::size_t i = 0; i < section.sh_size / sizeof(Elf64_Sym); ++i) {
        const auto symbol = at<Elf64_Sym>(section.sh_offset + i * sizeof(Elf64_Sym));
        if (symbol.st_shndx == SHN_UNDEF) continue;
        if (text_at(names.sh_offset + symbol.st_name) != wanted) continue;
        return at<std::uint32_t>(offset_of(symbol.st_value));
      }
    }
    refuse(fmt::format("the symbol {}", wanted));
  }

 private:
  [[noreturn]] void refuse(const std::string& expected) const {
    throw EmitError(fmt::format("{}: expected {}, found none", name_, expected));
  }

  template <class T>
  T at(std::size_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) refuse("a complete library");
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  Elf64_Shdr section_at(std::size_t index) const {
    return at<Elf64_Shdr>(header_.e_shoff + index * sizeof(Elf64_Shdr));
  }

  std::string_view text_at(std::size_t offset) const {
    if (offset >= bytes_.size()) refuse("a complete library");
    const std::string_view rest = std::string_view(bytes_).substr(offset);
    return rest.substr(0, rest.find('\0'));
  }

  /// Where in the file stands what is loaded to `address`.
  std::size_t offset_of(std::uint64_t address) const {
    for (std::size_t i = 0; i < header_.e_phnum; ++i) {
      const auto segment = at<Elf64_Phdr>(header_.e_phoff + i * sizeof(Elf64_Phdr));
      if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
      const std::uint64_t distance = address - segment.p_vaddr;
      if (distance < segment.p_filesz) return segment.p_offset + distance;
    }
    refuse("its version as data");
  }

  std::string name_, bytes_;
  Elf64_Ehdr header_{};
};

}  // namespace

std::string OsdiVersion::text() const { return fmt::format("{}.{}", major, minor); }

OsdiVersion version_of(OsdiRelease release) { return {0, static_cast<unsigned>(release)}; }

OsdiVersion osdi_version(const std::filesystem::path& library) {
  const ElfFile file(library);
  return {.major = file.number("OSDI_VERSION_MAJOR"), .minor = file.number("OSDI_VERSION_MINOR")};
}

}  // namespace psi_xlstm::hdl
