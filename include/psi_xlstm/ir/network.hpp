#pragma once

/// @file
/// A device as plain numbers: a vector DAG from port voltages and states to relaxation rates,
/// relaxation targets and the currents and charges of the terminals. This is the border of the
/// project: what trains a network writes one of these, and what interprets, emits or co-simulates
/// reads nothing else.
///
///   dc_s/dt = lambda_k(s)(V, c) (z_s(V, c) - c_s)        s = 1..S states, k = 1..K rates
///   I_p     = f_p(V, c) + dQ_p(V, c)/dt                  p = 1..P ports
///
/// Without states it is a static device. What belongs to a conductance that is told its start is a
/// role that a network may have.
///
/// Axes: P ports, S states, K rates, Q trainable parameters.

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace psi_xlstm::ir {

/// What a node of the DAG computes from its arguments, element by element unless said otherwise.
enum class Op {
  kPorts,     ///< The port voltages [V], width P. No argument.
  kStates,    ///< The states, dimensionless, width S. No argument.
  kStart,     ///< ln(g0 / gs), the start as one number; 0 unless at_start() says it. No argument.
  kAffine,    ///< W [a_1; a_2; ...] + b, any number of arguments (none: the constant b).
  kScale,     ///< factor * a, the factor a fixed number with or without a unit.
  kTanh,      ///< tanh(a)
  kSigmoid,   ///< 1 / (1 + exp(-a))
  kSoftplus,  ///< ln(1 + exp(a))
  kExp,       ///< exp(a)
  kLog,       ///< ln(a)
  kSqrt,      ///< sqrt(a)
  kSum,       ///< a + b
  kProduct,   ///< a * b
  kQuotient,  ///< a / b
  kGather,    ///< y_i = [a_1; a_2; ...]_(elements i): pieces, repetitions and chains of arguments.
  kGroupSum,  ///< y_i = the sum of the i-th group of equally many neighbours of a.
  kStandard,  ///< (a - mean(a)) / sqrt(variance(a) + factor), the variance of the population.
};

/// One node; its arguments are nodes before it.
struct Node {
  Op op = Op::kPorts;
  int width = 0;
  std::vector<int> arguments;
  int weight = -1;    ///< kAffine: where W starts in the parameters, row-major [width, inputs].
  int bias = -1;      ///< kAffine: where b starts in the parameters, [width]; -1: no bias.
  double factor = 1;  ///< kScale, kStandard.
  std::vector<int> elements;  ///< kGather: of the arguments one behind the other, [width].
};

/// A named piece of the parameter vector.
struct ParameterBlock {
  std::string name;  ///< E.g. "features.weight".
  int offset = 0;
  int rows = 0;
  int columns = 0;
};

/// How the conductance depends on the readout y = e + k.c + (static part): which inverse gives the
/// initial state from an initial conductance.
enum class Head { kExp, kSoftplus, kAffine };

/// Where the states start.
struct Start {
  enum Rule {
    kRest,  ///< At the equilibrium of V = 0; the initial conductance is no parameter.
    kTied,  ///< On the line of least norm around rest where the conductance at V -> 0 is g0.
    kNode,  ///< At `node`, a function of the initial conductance.
  };
  // NOLINTNEXTLINE(google-explicit-constructor): a rule is a start
  Start(Rule which = kRest, int at_node = -1) : rule(which), node(at_node) {}
  bool operator==(Rule other) const { return rule == other; }

  Rule rule = kRest;
  int node = -1;  ///< kNode: c(0), width S; depends on Op::kStart alone.
};

/// One port read as a conductance: what the start of a memristor is told by. The rules kTied and
/// kNode of the start need it.
struct ConductanceRole {
  int node = -1;            ///< G = I/V at port 0 [S], width 1
  double scale = 1;         ///< gs [S].
  Head head = Head::kExp;   ///< Of the readout, with Start::kTied.
  int readout_weight = -1;  ///< Offset of k, [S]: dy/dc; -1 with Start::kNode.
  int readout_bias = -1;    ///< Offset of e; -1 with Start::kNode.
};

/// The range of the data a network was trained on; a stimulus outside it is extrapolation.
struct TrainingBox {
  std::vector<double> voltage_min = {0};  ///< Of every port [V], [P].
  std::vector<double> voltage_max = {0};  ///< Of every port [V], [P].
  double conductance_min = 0;  ///< Smallest conductance along the training trajectories [S].
  double conductance_max = 0;  ///< Largest conductance along the training trajectories [S].
  double step_max = 0;         ///< Longest sample step [s].
  double duration = 0;         ///< Longest record [s].
  double drive_frequency = 0;  ///< Frequency of the largest line of the voltage [Hz].
  double median_rate = 0;   ///< Median over the training data of |d(x_s)/dt|, x of order 1 [1/s].
  double fastest_rate = 0;  ///< Largest relaxation rate along the training data [1/s].
};

/// A device. Plain data: copy it, compare it, write it to disk (ir/network_io.hpp).
struct Network {
  std::string name = "student";            ///< An identifier (core/identifier.hpp).
  std::vector<std::string> ports = {"p"};  ///< Port names, [P].
  std::string reference_terminal = "n";
  std::vector<Node> nodes;
  std::vector<ParameterBlock> blocks;  ///< Tile `parameters` without gap.
  std::vector<double> parameters;      ///< Trained numbers, dimensionless, [Q].

  int rate_node = -1;              ///< lambda [1/s], width K; -1 where there are no states.
  int target_node = -1;            ///< z, width S; -1 where there are no states.
  std::vector<int> rate_of_state;  ///< k(s), [S].
  int current_node = -1;           ///< f, the currents without the charges [A], width P.
  int charge_node = -1;            ///< Q [C], width P; -1: no charges.

  Start start;
  std::optional<ConductanceRole> role;
  /// Nodes where the network is narrow, which a printer makes unknowns of the circuit: what lies
  /// behind sees them alone. They may depend on ports, states and earlier unknowns.
  std::vector<int> unknowns;
  /// With Start::kNode: |c_s| never exceeds its limit, and moves by about its excursion, [S].
  std::vector<double> state_limit, state_excursion;
  double voltage_scale = 1;   ///< Voltage that is 1 inside the network [V].
  double reference_step = 1;  ///< dt0 [s], the unit of time inside the network.
  TrainingBox box;

  int port_count() const { return static_cast<int>(ports.size()); }
  int state_count() const { return static_cast<int>(rate_of_state.size()); }
  int rate_count() const {
    return rate_node < 0 ? 0 : nodes[static_cast<std::size_t>(rate_node)].width;
  }
  int parameter_count() const { return static_cast<int>(parameters.size()); }
  /// The conductance that the network stands for. Throws ShapeError where it stands for none.
  const ConductanceRole& conductance() const;
  ConductanceRole& conductance();
  /// Whether the initial conductance is a parameter of the device.
  bool is_told_its_start() const { return state_count() > 0 && start.rule != Start::kRest; }
  const Node& node(int id) const { return nodes[static_cast<std::size_t>(id)]; }
  /// The numbers of the block called `block_name`. Throws ShapeError where there is none.
  std::span<const double> block(const std::string& block_name) const;
};

/// Throws ShapeError unless every index, width and offset of `network` is consistent: arguments
/// before users, parameters inside the vector, rates and targets of the right width, names that are
/// identifiers, numbers finite, a training range for every port.
void validate(const Network& network);

/// Throws ShapeError unless `network` stands for a conductance, has one port and no charges: what
/// `what`, which opens the message, can work with.
void require_one_conductance(const Network& network, const char* what);

/// Which nodes depend on a port or a state; the others are constants once trained and, where they
/// depend on kStart, once the start is known. [nodes]
std::vector<bool> depends_on_inputs(const Network& network);

/// Which nodes depend on kStart and on no port and state. [nodes]
std::vector<bool> depends_on_start_alone(const Network& network);

/// Where element `element` of the kGather `node` comes from: a node and an element of it.
std::pair<int, int> gathered(const Network& network, const Node& node, int element);

/// Whether the nodes of the dynamics depend on the states, so that a step needs a predictor.
bool gates_see_states(const Network& network);

/// Adds nodes and parameters to a Network; each call returns the id of the new node.
class NetworkBuilder {
 public:
  explicit NetworkBuilder(Network& network) : network_(network) {}

  /// A new parameter block of zeros; returns its offset.
  int parameters(const std::string& name, int rows, int columns);

  int ports();
  int states();
  /// W [arguments] + b with parameters that exist already; `bias` may be -1.
  int affine(int width, std::vector<int> arguments, int weight, int bias);
  /// W [arguments] + b with new parameter blocks `<name>.weight` and `<name>.bias`.
  int affine(const std::string& name, int width, std::vector<int> arguments);
  /// A constant with a new parameter block `name`.
  int constant(const std::string& name, const std::vector<double>& values);
  int start();
  int gather(std::vector<int> arguments, std::vector<int> elements);
  /// [arguments] one behind the other.
  int chain(std::vector<int> arguments);
  int group_sum(int argument, int groups);
  int standard(int argument, double eps);
  int scale(int argument, double factor);
  int unary(Op op, int argument);
  int binary(Op op, int left, int right);

 private:
  int add(Node node);
  int input_width(const std::vector<int>& arguments) const;

  Network& network_;
};

}  // namespace psi_xlstm::ir
