#pragma once

/// @file
/// A reader of the Verilog-A that hdl::verilog_a writes: executes the analog block at one point,
/// from the text alone.

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

namespace psi_xlstm::testing {

/// One module. Set what `values` needs (parameters have their defaults; branch voltages are named
/// "V(p,n)" or "V(x_1)"), then execute().
class VerilogAModel {
 public:
  explicit VerilogAModel(const std::string& text) : text_(text) { values["$temperature"] = 300; }

  std::map<std::string, double> values;     ///< Parameters, variables and branch voltages.
  std::map<std::string, double> resistive;  ///< Sum of contributions, e.g. to "I(p,n)".
  std::map<std::string, double> charges;    ///< Sum of the arguments of ddt.
  std::map<std::string, double> noise;      ///< Sum of the densities of white noise.
  std::string message;                      ///< What $strobe was called with, without blanks.

  /// Runs the module once; `held`: the condition of every `if` is true.
  void execute(bool held) {
    resistive.clear();
    charges.clear();
    noise.clear();
    message.clear();
    std::istringstream lines(text_);
    bool skip_next = false, conditional = false, skip_block = false;
    for (std::string line; std::getline(lines, line);) {
      line = stripped(line);
      if (line.starts_with("`ifdef")) conditional = true;
      if (line.starts_with("`endif")) conditional = false;
      if (conditional || line.starts_with("//") || line.starts_with("`")) continue;
      if (line.starts_with("parameter")) parameter(line);
      if (skip_block || line.starts_with("if(soa==1&&")) {
        skip_block = line != "end" && (skip_block || !leaves_range(line));
        continue;
      }
      if (line.starts_with("$strobe(")) message = line;
      if (line.starts_with("$strobe(") || line.starts_with("told")) continue;
      if (line.starts_with("if(")) {
        skip_next = !held;
      } else if (skip_next) {
        skip_next = false;
      } else {
        statement(line);
      }
    }
  }

 private:
  static std::string stripped(const std::string& line) {
    std::string out;
    for (char c : line) {
      if (c != ' ') out += c;
    }
    return out;
  }

  // if(soa==1&&(told...)&&(v<-1.2||v>1.2||...))begin
  bool leaves_range(const std::string& line) {
    const std::size_t told = line.find(")&&(");
    if (values.at("soa") != 1) return false;
    std::string rest = line.substr(told + 4);
    for (std::size_t end = 0; !rest.empty(); rest.erase(0, end + 2)) {
      end = std::min(rest.find("||"), rest.find("))begin"));
      const std::string one = rest.substr(0, end);
      const std::size_t sign = one.find_first_of("<>");
      const double left = evaluated(one.substr(0, sign) + ";");
      const double right = evaluated(one.substr(sign + 1) + ";");
      if (one[sign] == '<' ? left < right : left > right) return true;
      if (rest.compare(end, 2, "||") != 0) break;
    }
    return false;
  }

  // parameterrealg0=2.0from(0.0:inf);
  void parameter(const std::string& line) {
    const std::size_t equals = line.find('=');
    std::string name = line.substr(9, equals - 9);
    for (const char* type : {"real", "integer"}) {
      if (name.starts_with(type)) name = name.substr(std::string(type).size());
    }
    values.emplace(name, std::strtod(line.c_str() + equals + 1, nullptr));
  }

  void statement(const std::string& line) {
    if (line.starts_with("parameter") || line.starts_with("(*")) return;
    const std::size_t contribution = line.find("<+"), equals = line.find('=');
    if (contribution != std::string::npos) {
      const std::string to = line.substr(0, contribution);
      std::string source = line.substr(contribution + 2);
      if (source.starts_with("white_noise(")) {
        noise[to] += evaluated(source.substr(12, source.rfind(',') - 12) + ";");
        return;
      }
      const bool charge = source.starts_with("ddt(");
      if (charge) source = source.substr(4, source.size() - 6) + ";";
      (charge ? charges : resistive)[to] += evaluated(source);
    } else if (equals != std::string::npos) {
      values[line.substr(0, equals)] = evaluated(line.substr(equals + 1));
    }
  }

  // expression := term {(+|-) term}, term := factor {(*|/) factor}, ended by ';'.
  double evaluated(const std::string& source) {
    at_ = source.c_str();
    const double value = sum();
    if (*at_ != ';') throw std::invalid_argument("cannot read \"" + source + "\"");
    return value;
  }

  double sum() {
    double value = term();
    while (*at_ == '+' || *at_ == '-') value += *at_++ == '+' ? term() : -term();
    return value;
  }

  double term() {
    double value = factor();
    while (*at_ == '*' || *at_ == '/') {
      const char sign = *at_++;
      const double right = factor();
      value = sign == '*' ? value * right : value / right;
    }
    return value;
  }

  double factor() {
    if (*at_ == '-') return ++at_, -factor();
    if (*at_ == '(') return parenthesis();
    if (std::isdigit(static_cast<unsigned char>(*at_)) != 0) {
      char* end = nullptr;
      const double number = std::strtod(at_, &end);
      at_ = end;
      return number;
    }
    std::string name;
    if (*at_ == '$') name += *at_++;
    while (std::isalnum(static_cast<unsigned char>(*at_)) != 0 || *at_ == '_') name += *at_++;
    if (*at_ != '(') return values.at(name);
    if (name == "V") {
      while (*at_ != ')') name += *at_++;
      return ++at_, values.at(name + ")");
    }
    const double argument = parenthesis();
    if (name == "tanh") return std::tanh(argument);
    if (name == "exp") return std::exp(argument);
    if (name == "ln") return std::log(argument);
    if (name == "sqrt") return std::sqrt(argument);
    throw std::invalid_argument("no function " + name);
  }

  double parenthesis() {
    ++at_;
    const double value = sum();
    if (*at_++ != ')') throw std::invalid_argument("parenthesis is not closed");
    return value;
  }

  std::string text_;
  const char* at_ = nullptr;
};

}  // namespace psi_xlstm::testing
