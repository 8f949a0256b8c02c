#include "ir/streaming.hpp"

#include <fmt/format.h>

#include "core/index.hpp"
#include "ir/evaluator.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::ir {
namespace {

using kernels::CompactWeights;

// A node behind fixed factors.
struct Scaled {
  int id = -1;
  double factor = 1;
};

// Matches the nodes of a network, from the outputs down, with those of a compact student.
class Reader {
 public:
  explicit Reader(const Network& network)
      : network_(network), evaluator_(network), varies_(depends_on_inputs(network)) {
    require(network.port_count() == 1, "one port");
    require(network.charge_node < 0, "no charges");
    const std::vector<double> origin(at(network.state_count()), 0.0);
    const double zero = 0;
    evaluator_.evaluate(Part::kOutput, {&zero, 1}, origin);
  }

  CompactWeights read() {
    weights_.readout.assign(at(network_.state_count()), 0.0);
    if (network_.state_count() > 0) read_gates();
    read_output();
    return std::move(weights_);
  }

 private:
  static void require(bool holds, const char* what) {
    if (holds) return;
    throw ShapeError(fmt::format(
        "compact stream: expected {}, as in every compact student, found another network", what));
  }

  Scaled behind_factors(int id) const {
    Scaled out{id};
    while (network_.node(out.id).op == Op::kScale) {
      out.factor *= network_.node(out.id).factor;
      out.id = network_.node(out.id).arguments[0];
    }
    return out;
  }

  // The only argument of node `id`, which has to compute `op`.
  int behind(int id, Op op, const char* what) const {
    require(network_.node(id).op == op, what);
    return network_.node(id).arguments[0];
  }

  // factor W of the affine node `id` for those of its inputs that are `wanted` behind a factor,
  // [width, width of wanted]; empty where there is none.
  std::vector<double> matrix(Scaled affine, int wanted) const {
    const Node& node = network_.node(affine.id);
    int inputs = 0;
    for (int argument : node.arguments) inputs += network_.node(argument).width;
    int first = 0;
    std::vector<double> out;
    for (int argument : node.arguments) {
      const Scaled input = behind_factors(argument);
      const int columns = network_.node(argument).width;
      if (input.id == wanted) {
        require(out.empty(), "inputs that enter once");
        for (int i = 0; i < node.width * columns; ++i) {
          const int place = node.weight + i / columns * inputs + first + i % columns;
          out.push_back(affine.factor * input.factor * network_.parameters[at(place)]);
        }
      }
      first += columns;
    }
    return out;
  }

  std::vector<double> bias(Scaled affine) const {
    const Node& node = network_.node(affine.id);
    std::vector<double> out(at(node.width), 0.0);
    for (int i = 0; node.bias >= 0 && i < node.width; ++i) {
      out[at(i)] = affine.factor * network_.parameters[at(node.bias + i)];
    }
    return out;
  }

  // The affine node `id`, possibly behind factors; its inputs are among `allowed`.
  Scaled affine_of(int id, const std::vector<int>& allowed, const char* what) const {
    const Scaled affine = behind_factors(id);
    require(network_.node(affine.id).op == Op::kAffine, what);
    for (int argument : network_.node(affine.id).arguments) {
      bool known = false;
      for (int candidate : allowed) known = known || behind_factors(argument).id == candidate;
      require(known, what);
    }
    return affine;
  }

  int find(Op op) const {
    for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
      if (network_.nodes[id].op == op) return static_cast<int>(id);
    }
    return -1;
  }

  void read_gates() {
    const int ports = find(Op::kPorts), states = find(Op::kStates);
    const int target = behind(network_.target_node, Op::kTanh, "targets that are tanh");
    const int forget =
        behind(behind_factors(network_.rate_node).id, Op::kSoftplus, "rates that are softplus");
    require(network_.node(target).op == Op::kAffine && network_.node(target).arguments.size() == 1,
            "targets of the features");
    const int phi = network_.node(target).arguments[0];
    const Scaled features = affine_of(behind(phi, Op::kTanh, "features that are tanh"),
                                      {ports, states}, "features of voltage and states");
    weights_.by_voltage = matrix(features, ports);
    require(!weights_.by_voltage.empty(), "features of the voltage");
    weights_.by_state = matrix(features, states);
    weights_.bias = bias(features);
    weights_.target = matrix({target}, phi);
    weights_.target_bias = bias({target});
    const Scaled rates = affine_of(forget, {phi}, "rates of the features");
    read_rates(matrix(rates, phi), bias(rates));
  }

  // From the K rates to those of the states.
  void read_rates(const std::vector<double>& rate, const std::vector<double>& rate_bias) {
    const auto features = static_cast<std::ptrdiff_t>(weights_.bias.size());
    for (int k : network_.rate_of_state) {
      weights_.rate_bias.push_back(rate_bias[at(k)]);
      if (rate.empty()) continue;
      const auto row = rate.begin() + k * features;
      weights_.rate.insert(weights_.rate.end(), row, row + features);
    }
  }

  void read_output() {
    const Scaled conductance = behind_factors(network_.conductance().node);
    const Node& current = network_.node(network_.current_node);
    const auto& of = current.arguments;
    const int ports = find(Op::kPorts);
    require(
        current.op == Op::kProduct && ((of[0] == ports && of[1] == network_.conductance().node) ||
                                       (of[1] == ports && of[0] == network_.conductance().node)),
        "a current that is voltage times conductance");
    const Op head = network_.node(conductance.id).op;
    if (head == Op::kExp || head == Op::kSoftplus) {
      weights_.head =
          head == Op::kExp ? kernels::CompactHead::kExp : kernels::CompactHead::kSoftplus;
      add_to_readout({network_.node(conductance.id).arguments[0]});
    } else {
      weights_.head = kernels::CompactHead::kAffine;
      add_to_readout({conductance.id});
    }
  }

  // Adds factor times node `id` to y.
  void add_to_readout(Scaled term) {
    const Node& node = network_.node(term.id);
    if (!varies_[at(term.id)]) {
      weights_.readout_bias += term.factor * evaluator_.value(term.id);
    } else if (node.op == Op::kSum) {
      for (int argument : node.arguments) add_to_readout({argument, term.factor});
    } else if (node.op == Op::kScale) {
      add_to_readout({node.arguments[0], term.factor * node.factor});
    } else {
      require(node.op == Op::kAffine && node.arguments.size() == 1, "a readout that is a sum");
      weights_.readout_bias += bias(term)[0];
      const int argument = node.arguments[0];
      if (behind_factors(argument).id == find(Op::kStates)) {
        const std::vector<double> k = matrix(term, find(Op::kStates));
        for (std::size_t s = 0; s < k.size(); ++s) weights_.readout[s] += k[s];
      } else {
        add_curve(term, argument);
      }
    }
  }

  // g.tanh(u v + q) with the gains of the affine node `gain` and the tanh node `curve`.
  void add_curve(Scaled gain, int curve) {
    const int ports = find(Op::kPorts);
    const Scaled inside =
        affine_of(behind(curve, Op::kTanh, "a curve of tanh"), {ports}, "a curve of the voltage");
    const auto append = [](std::vector<double>& to, const std::vector<double>& values) {
      to.insert(to.end(), values.begin(), values.end());
    };
    append(weights_.curve_gain, matrix(gain, curve));
    append(weights_.curve_by_voltage, matrix(inside, ports));
    append(weights_.curve_bias, bias(inside));
  }

  const Network& network_;
  Evaluator evaluator_;
  std::vector<bool> varies_;
  CompactWeights weights_;
};

// What a relaxation of 1 inside the network is [1/s].
double unit_of_rate(const Network& network) {
  double factor = 1;
  for (int id = network.rate_node; id >= 0 && network.node(id).op == Op::kScale;
       id = network.node(id).arguments[0]) {
    factor *= network.node(id).factor;
  }
  return factor;
}

// What a conductance of 1 inside the network is [S].
double unit_of_conductance(const Network& network) {
  const Node& node = network.node(network.conductance().node);
  return node.op == Op::kScale ? node.factor : 1;
}

}  // namespace

kernels::CompactWeights compact_weights(const Network& network) { return Reader(network).read(); }

template <class Real>
CompactStream<Real>::CompactStream(const Network& network, kernels::InstructionSet instruction_set)
    : step_(compact_weights(network), instruction_set),
      scale_(unit_of_conductance(network)),
      per_reference_step_(unit_of_rate(network)) {}

template class CompactStream<float>;
template class CompactStream<double>;

}  // namespace psi_xlstm::ir
