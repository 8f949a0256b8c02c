/// @file
/// The published cells against numbers of the reference implementation (NX-AI/xlstm, float64):
/// the file named by PSI_GOLDEN_CELLS, else tests/golden/nxai_cells.json. Its axes are the ones it
/// names: mLSTM arrays [B, N, T, D], sLSTM arrays [T, B, ...], R per head [N, 4 D, D].

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "equations/cells.hpp"
#include "support/paths.hpp"
#include "support/tensors.hpp"

namespace psi_xlstm::equations {
namespace {

using nlohmann::json;
using testing::in_double;
using torch::Tensor;

constexpr double kTolerance = 1e-12;  // relative to the largest number of an array

const std::vector<std::string> kCases = {"mlstm/plain",
                                         "mlstm/teacher_heads",
                                         "mlstm/large_input_gate",
                                         "mlstm/small_input_gate",
                                         "slstm/one_head",
                                         "slstm/four_heads",
                                         "slstm/dense"};

json golden_file() {
  const char* named = std::getenv("PSI_GOLDEN_CELLS");
  const std::string path =
      named != nullptr ? named : std::string(testing::kTestDir) + "/golden/nxai_cells.json";
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << "cannot read " << path;
  return json::parse(file);
}

void collect_numbers(const json& list, std::vector<double>& numbers) {
  if (!list.is_array()) return numbers.push_back(list.get<double>());
  for (const json& part : list) collect_numbers(part, numbers);
}

// A nested list of numbers as a tensor of the same axes.
Tensor array(const json& list) {
  std::vector<std::int64_t> sizes;
  for (const json* part = &list; part->is_array(); part = &part->at(0)) {
    sizes.push_back(static_cast<std::int64_t>(part->size()));
  }
  std::vector<double> numbers;
  collect_numbers(list, numbers);
  return testing::row(numbers).view(sizes);
}

// What is wrong with `found` for the array `name` of a case; empty if nothing is.
std::string difference(const json& golden, const std::string& name, const Tensor& found) {
  const double error = testing::relative_error(found, array(golden.at(name)));
  if (error <= kTolerance) return "";
  return fmt::format("{}: relative error {:.1e}; ", name, error);
}

std::string mlstm_problems(const json& golden) {
  const Tensor q = array(golden.at("q")), k = scaled_key(array(golden.at("k")));
  const Tensor v = array(golden.at("v")), i = array(golden.at("i_pre"));
  const Tensor f = array(golden.at("f_pre"));
  MlstmState state = empty_mlstm_state(q.size(0), q.size(1), q.size(3), in_double());
  std::vector<Tensor> h;
  for (std::int64_t t = 0; t < q.size(2); ++t) {
    const auto at = [t](const Tensor& x) { return x.select(2, t); };
    state = mlstm_update(state, {.q = at(q), .k = at(k), .v = at(v), .i = at(i), .f = at(f)});
    h.push_back(mlstm_readout(state, at(q), golden.at("eps").get<double>()));
  }
  return difference(golden, "h", torch::stack(h, 2)) + difference(golden, "final_m", state.m);
}

// R of one block per head [N, 4 D, D] as the dense R [4 H, H], H = N D.
Tensor dense_recurrent(const Tensor& blocks) {
  const auto heads = blocks.size(0), width = blocks.size(2);
  auto dense = torch::zeros({4, heads, width, heads, width}, in_double());
  for (std::int64_t head = 0; head < heads; ++head) {
    dense.select(1, head).select(2, head).copy_(blocks[head].view({4, width, width}));
  }
  return dense.view({4 * heads * width, heads * width});
}

std::string slstm_problems(const json& golden) {
  const Tensor drive = array(golden.at("wx")) + array(golden.at("b"));
  const Tensor recurrent = dense_recurrent(array(golden.at("R")));
  SlstmState state = empty_slstm_state(drive.size(1), recurrent.size(1), in_double());
  std::vector<Tensor> y, c, n, m;
  for (std::int64_t t = 0; t < drive.size(0); ++t) {
    state = slstm_step(state, drive[t], recurrent);
    y.push_back(state.y);
    c.push_back(state.c);
    n.push_back(state.n);
    m.push_back(state.m);
  }
  return difference(golden, "y", torch::stack(y)) + difference(golden, "c", torch::stack(c)) +
         difference(golden, "n", torch::stack(n)) + difference(golden, "m", torch::stack(m));
}

// Everything in which the cells and the file differ; empty if they agree on every case.
std::string problems(const json& file) {
  std::string found;
  for (const std::string& wanted : kCases) {
    const json* golden = nullptr;
    for (const json& candidate : file.at("cases")) {
      const std::string name =
          candidate.at("cell").get<std::string>() + "/" + candidate.at("name").get<std::string>();
      if (name == wanted) golden = &candidate;
    }
    if (golden == nullptr) {
      found += wanted + " is missing; ";
      continue;
    }
    try {
      const bool mlstm = golden->at("cell") == "mlstm";
      const std::string here = mlstm ? mlstm_problems(*golden) : slstm_problems(*golden);
      if (!here.empty()) found += wanted + ": " + here;
    } catch (const json::exception& e) {
      found += wanted + ": " + e.what() + "; ";
    }
  }
  return found;
}

// The last number inside nested lists: of the last step, where every input has an effect.
json& last_number(json& list) { return list.is_array() ? last_number(list.back()) : list; }

TEST(GoldenCells, AgreeWithTheReferenceImplementation) { EXPECT_EQ(problems(golden_file()), ""); }

TEST(GoldenCells, HaveNoCaseThatIsNotCompared) {
  EXPECT_EQ(golden_file().at("cases").size(), kCases.size());
}

TEST(GoldenCells, AnyAlteredArrayIsSeen) {
  const json file = golden_file();
  for (std::size_t c = 0; c < file.at("cases").size(); ++c) {
    for (const auto& [name, value] : file.at("cases").at(c).items()) {
      if (!value.is_array() || name == "shape") continue;
      json altered = file;
      json& number = last_number(altered.at("cases").at(c).at(name));
      number = number.get<double>() + 1e-6;
      EXPECT_NE(problems(altered), "") << "case " << c << ", " << name;
    }
  }
}

TEST(GoldenCells, AMissingCaseIsSeen) {
  const json file = golden_file();
  for (std::size_t c = 0; c < kCases.size(); ++c) {
    json shorter = file;
    shorter.at("cases").erase(c);
    EXPECT_EQ(problems(shorter), kCases[c] + " is missing; ");
  }
}

TEST(GoldenCells, AMissingArrayIsSeen) {
  json file = golden_file();
  file.at("cases").at(6).erase("n");
  EXPECT_NE(problems(file).find("slstm/dense"), std::string::npos);
}

}  // namespace
}  // namespace psi_xlstm::equations
