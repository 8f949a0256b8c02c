#pragma once

#include <string>
#include <vector>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// The lines with which one simulator uses a model.
struct UsageRecipe {
  std::string simulator;             ///< And the form: "ngspice, subcircuit".
  std::string text;                  ///< Lines of its language.
  std::string note;                  ///< What else there is to know; may be empty.
  std::vector<std::string> endings;  ///< Of the files that the lines need: ".sp".
};

/// How each simulator uses the files of `network`, with usable names, from a deck that finds them
/// in `folder` ("" or "hdl/"). The model's terminals are connected to nodes of the same names, for
/// a transient as long as the longest training record. Without `compiled` there is no compiled file
/// for ngspice. Throws EmitError where plan_emission(network) does.
std::vector<UsageRecipe> usage_recipes(const ir::Network& network,
                                       const std::string& folder,
                                       bool compiled);

/// What there is to know beside every recipe, one paragraph each.
std::vector<std::string> usage_remarks(const ir::Network& network);

/// Recipes and remarks as a page of Markdown beside the files themselves, with how to place the
/// symbols of schematic_symbols.hpp.
std::string usage_page(const ir::Network& network, bool compiled);

}  // namespace psi_xlstm::hdl
