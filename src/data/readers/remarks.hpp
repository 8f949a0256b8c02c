#pragma once

#include <string>
#include <vector>

namespace psi_xlstm {

/// `remark` of a reader as it stands in a report, which others read on other machines: where it
/// opens with one of `files`, with the name of that file without its folder.
std::string without_folder(const std::string& remark, const std::vector<std::string>& files);

}  // namespace psi_xlstm
