#pragma once

/// @file
/// The nodes of a recurrent network, layer by layer. Every layer is built twice from the same
/// weights: along its states, and at rest at 0 V, which depends on the start alone.

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "ir/recurrent.hpp"

namespace psi_xlstm::ir {

/// Adds the nodes of one network.
class RecurrentBuilder {
 public:
  RecurrentBuilder(Network& network, const RecurrentNumbers& numbers);

  /// Adds layer `l`, behind the layers before it.
  void layer(int l);
  /// Adds start, rates, targets, current and conductance, once all layers are there.
  void finish();

 private:
  using Matrix = Eigen::MatrixXd;

  /// What a layer hands on: x = map [node] + offset, along the states and at rest. The first layer
  /// sees the voltage and kStart.
  struct Signal {
    int moving = -1;   ///< Node along the states; the voltage below the first layer.
    int resting = -1;  ///< The same at rest; 0 V below the first layer.
    Matrix map;        ///< [width, width of the node]
    Matrix start;      ///< Factor of kStart, [width, 1].
    Matrix offset;     ///< [width, 1]
    double limit = 0;  ///< Of every element of the node.
  };

  /// W x + b (+ R h) of the signal below.
  struct Gate {
    int moving = -1, resting = -1;
  };

  Matrix block(const std::string& name) const;
  int states_from(int first, int count);
  Gate gate(const std::string& name, const Matrix& weight, const Matrix& bias);
  int start_part(const std::string& name, const Matrix& weight, const Matrix& bias);
  int weight_block(const std::string& name, const Matrix& weight);
  int input_logarithm(int gate);  // 5 tanh(i~/5)
  int rates(int forget_gate);
  double bound(const Matrix& weight, const Matrix& bias) const;

  void hand_on(int l, int node);
  void slstm(int l, const kernels::LayerShape& shape);
  void mlstm(int l, const kernels::LayerShape& shape);
  int read_out(int C, int n, int q, int heads, int D);

  Network& network_;
  const RecurrentNumbers& numbers_;
  std::vector<kernels::ParameterBlock> blocks_;
  NetworkBuilder build_;
  int ports_, states_, start_, one_ = -1;
  int first_state_ = 0, first_rate_ = 0;
  Signal below_;
  std::vector<int> rate_nodes_, target_nodes_, start_nodes_;
};

}  // namespace psi_xlstm::ir
