#pragma once

/// @file
/// A user's circuit around the model: a SPICE deck with one .tran line, in which the model stands
/// as a subcircuit call,
///
///   xcell row column device g0=2e-4       "device", or the model's own name
///
/// with the parameters g0 [S], area, m and hold, also inside subcircuits of the deck. The first
/// line is the title; elements are R C L V I E G B F H D Q M J K N S W T X, N an instance of a
/// compiled model whose .model line stands in the deck; other files come in by .include and .lib
/// (includes.hpp), and there is nothing else that reads or writes files or runs commands
/// (netlist_check.hpp). Names that begin with psi_ or vpsi_ are taken.
///
/// The same text serves every form of the model. It is also taken apart into plain numbers, for the
/// reference integration (circuit_reference.hpp) and for simulators with a language of their own.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "circuit/expression.hpp"
#include "circuit/stimulus.hpp"
#include "hdl/emitted_model.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm {

/// One device under test; names as ngspice gives them to what stands in subcircuits
/// ("xrow1.xcell").
struct CircuitDevice {
  std::string name;
  std::string plus, minus;
  std::optional<double> conductance;  ///< g0 [S]; absent: the default of the model.
  double area = 1;                    ///< Multiplies the current; m does the same.

  /// The vector of ngspice that is its current [A], positive into `plus`.
  std::string current_vector() const;
};

/// What an element of the reference is.
enum class ElementKind {
  kResistor,           ///< i = v / value
  kCapacitor,          ///< i = value dv/dt
  kInductor,           ///< v = value di/dt
  kVoltageSource,      ///< v = wave(t)
  kCurrentSource,      ///< i = wave(t), from plus through the source to minus
  kControlledVoltage,  ///< v = expression of node voltages
  kControlledCurrent   ///< i = expression of node voltages
};

/// One element with numbers in place of parameters.
struct CircuitElement {
  ElementKind kind = ElementKind::kResistor;
  std::string name;
  std::string plus, minus;
  double value = 0;  ///< [Ohm], [F] or [H]; of a controlled source that is linear: its gain.
  Stimulus wave;     ///< [V] or [A].
  std::shared_ptr<const CircuitExpression> expression;

  /// The vector of ngspice that is the current through a voltage source [A].
  std::string current_vector() const;
};

/// A compiled model of the user with its numbers, as one scope of the deck has them.
struct CompiledModel {
  std::string name;  ///< An identifier.
  std::string type;  ///< The module of the compiled file.
  std::vector<std::pair<std::string, double>> parameters;
};

/// An instance of it.
struct CompiledInstance {
  std::string name;
  std::vector<std::string> nodes;
  std::string model;  ///< Name of the CompiledModel.
  std::vector<std::pair<std::string, double>> parameters;
};

/// A deck, taken apart.
struct Circuit {
  std::string name;  ///< The stem of the file, as an identifier.
  double stop_time = 0, print_step = 0;
  double max_step = 0;  ///< Longest time step [s]; 0: the deck gives none.
  bool use_initial_conditions = false;
  std::vector<CircuitDevice> devices;
  std::vector<CircuitElement> elements;  ///< Everything else that the reference can solve.
  std::vector<CompiledModel> models;
  std::vector<CompiledInstance> compiled;
  std::vector<std::string> nodes;  ///< Of all of them, without ground, each once.
  std::string not_covered;         ///< What the reference cannot solve, one sentence; or empty.
  std::string not_taken_apart;     ///< What is in the text alone, one sentence; empty: nothing.

  /// The deck for ngspice with `model` at every device, a 0 V source in series with each.
  /// `max_step` [s] is the longest step that a compiled model is to allow.
  std::string netlist(const EmittedModel& model, double max_step) const;

  /// `sentence` with the lines of netlist() that it names as those of the deck.
  std::string in_lines_of_the_deck(const std::string& sentence) const;

  /// A line of the deck; where it calls the device, in pieces.
  struct Line {
    std::string text;
    std::string place;  ///< As DeckLine has it.
    bool is_device = false;
    std::string instance, plus, minus, assignments;
  };
  std::vector<Line> lines;
};

/// Reads `text`, which names no other files, as the deck of a circuit with `network` at its
/// devices; `name` (an identifier) is what it is called in results. Throws SpiceError naming the
/// line where it is no such deck, has no device, sets a parameter that the model does not have, or
/// has no .tran line.
Circuit parse_circuit(std::string_view text, const std::string& name, const ir::Network& network);

/// The same from a file, with the files that it names. Throws DataError where it cannot be read.
Circuit read_circuit(const std::filesystem::path& file, const ir::Network& network);

}  // namespace psi_xlstm
