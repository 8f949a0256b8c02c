#pragma once

#include <cstddef>
#include <vector>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// Marks `root` and what it is made of in `marks`, [nodes]; not further than what is marked already
/// and than nodes for which `goes_on`(id) is false, which are marked themselves.
template <class GoesOn>
void mark_made_of(const ir::Network& network,
                  int root,
                  std::vector<bool>& marks,
                  const GoesOn& goes_on) {
  std::vector<int> open = {root};
  while (!open.empty()) {
    const int id = open.back();
    open.pop_back();
    const auto index = static_cast<std::size_t>(id);
    if (marks[index]) continue;
    marks[index] = true;
    if (!goes_on(id)) continue;
    for (int argument : network.node(id).arguments) open.push_back(argument);
  }
}

}  // namespace psi_xlstm::hdl
