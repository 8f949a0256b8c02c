#include "compression/forget_gate_clusters.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "metrics/k_means.hpp"

namespace psi_xlstm::compression {
namespace {

using kernels::LayerKind;
using kernels::NetworkShape;

// The three parts of the forget-gate rows of one layer in a flat array.
template <class Number>
struct ForgetRows {
  Number *weight, *recurrent, *bias;
  int units, inputs;

  int width() const { return inputs + units + 1; }
  Number& at(int row, int column) const {
    if (column < inputs) return weight[row * inputs + column];
    if (column < inputs + units) return recurrent[row * units + column - inputs];
    return bias[row];
  }
};

template <class Number>
ForgetRows<Number> forget_rows(const NetworkShape& shape, Number* values, int layer) {
  const auto blocks = parameter_blocks(shape);
  const std::string name = "layers." + std::to_string(layer);
  const int H = shape.layers[static_cast<std::size_t>(layer)].hidden;
  const auto& weight = block(blocks, name + ".weight");
  const int I = weight.columns;
  return {values + weight.offset + static_cast<std::ptrdiff_t>(H) * I,
          values + block(blocks, name + ".recurrent").offset + static_cast<std::ptrdiff_t>(H) * H,
          values + block(blocks, name + ".bias").offset + H, H, I};
}

// Calls visit(layer, index of its first unit in an assignment) for every clustered layer.
template <class Visit>
void each_clustered_layer(const NetworkShape& shape, const Visit& visit) {
  int first = 0;
  for (int l = 0; l < static_cast<int>(shape.layers.size()); ++l) {
    const auto& layer = shape.layers[static_cast<std::size_t>(l)];
    if (layer.kind != LayerKind::kSlstm || layer.clusters == 0) continue;
    visit(l, first);
    first += layer.hidden;
  }
}

// Mean of column `column` over the rows of every cluster.
template <class Number>
std::vector<double> means(const ForgetRows<Number>& rows,
                          const int* cluster,
                          int clusters,
                          int column) {
  std::vector<double> sum(static_cast<std::size_t>(clusters), 0), count(sum);
  for (int j = 0; j < rows.units; ++j) {
    sum[static_cast<std::size_t>(cluster[j])] += rows.at(j, column);
    count[static_cast<std::size_t>(cluster[j])] += 1;
  }
  for (std::size_t k = 0; k < sum.size(); ++k) sum[k] /= std::max(1.0, count[k]);
  return sum;
}

}  // namespace

std::vector<int> cluster_forget_gates(const NetworkShape& shape,
                                      std::span<const float> parameters,
                                      Rng& rng) {
  std::vector<int> assignment;
  each_clustered_layer(shape, [&](int l, int) {
    const auto rows = forget_rows(shape, parameters.data(), l);
    Eigen::MatrixXd matrix(rows.units, rows.width());
    for (int j = 0; j < rows.units; ++j) {
      for (int c = 0; c < rows.width(); ++c) matrix(j, c) = rows.at(j, c);
    }
    const auto clusters = k_means(matrix, shape.layers[static_cast<std::size_t>(l)].clusters, rng);
    assignment.insert(assignment.end(), clusters.assignment.begin(), clusters.assignment.end());
  });
  return assignment;
}

void tie_forget_gates(const NetworkShape& shape,
                      const std::vector<int>& assignment,
                      std::span<float> values) {
  each_clustered_layer(shape, [&](int l, int first) {
    const auto rows = forget_rows(shape, values.data(), l);
    const int* cluster = assignment.data() + first;
    for (int c = 0; c < rows.width(); ++c) {
      const auto mean = means(rows, cluster, shape.layers[static_cast<std::size_t>(l)].clusters, c);
      for (int j = 0; j < rows.units; ++j) {
        rows.at(j, c) = static_cast<float>(mean[static_cast<std::size_t>(cluster[j])]);
      }
    }
  });
}

void set_centres(const NetworkShape& shape,
                 const std::vector<int>& assignment,
                 std::span<float> parameters) {
  each_clustered_layer(shape, [&](int l, int first) {
    const auto rows = forget_rows(shape, parameters.data(), l);
    const int K = shape.layers[static_cast<std::size_t>(l)].clusters;
    float* centres =
        parameters.data() +
        block(parameter_blocks(shape), "layers." + std::to_string(l) + ".centres").offset;
    for (int c = 0; c < rows.inputs; ++c) {
      const auto mean = means(rows, assignment.data() + first, K, c);
      for (int k = 0; k < K; ++k) {
        centres[k * rows.inputs + c] = static_cast<float>(mean[static_cast<std::size_t>(k)]);
      }
    }
  });
}

std::vector<double> centre_biases(const NetworkShape& shape,
                                  const std::vector<int>& assignment,
                                  std::span<const float> parameters,
                                  int layer) {
  std::vector<double> out;
  each_clustered_layer(shape, [&](int l, int first) {
    if (l != layer) return;
    const auto rows = forget_rows(shape, parameters.data(), l);
    out = means(rows, assignment.data() + first, shape.layers[static_cast<std::size_t>(l)].clusters,
                rows.width() - 1);
  });
  return out;
}

int distinct_forget_gates(const NetworkShape& shape,
                          std::span<const double> parameters,
                          int layer) {
  const auto rows = forget_rows(shape, parameters.data(), layer);
  std::set<std::vector<double>> different;
  for (int j = 0; j < rows.units; ++j) {
    std::vector<double> row;
    for (int c = 0; c < rows.width(); ++c) row.push_back(rows.at(j, c));
    different.insert(std::move(row));
  }
  return static_cast<int>(different.size());
}

int tied_parameter_count(const NetworkShape& shape) {
  int count = static_cast<int>(parameter_count(shape));
  const auto blocks = parameter_blocks(shape);
  each_clustered_layer(shape, [&](int l, int) {
    const auto& layer = shape.layers[static_cast<std::size_t>(l)];
    const int I = block(blocks, "layers." + std::to_string(l) + ".weight").columns;
    count -= (layer.hidden - layer.clusters) * (I + layer.hidden + 1) + layer.clusters * I;
  });
  return count;
}

}  // namespace psi_xlstm::compression
