#include "core/json/config_description.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <utility>

namespace psi_xlstm {
namespace {

using Type = FieldDescription::Type;

constexpr std::size_t kWidth = 100;  // Of a line [characters].

// The words of `text` in lines of at most `width` characters.
std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  while (start < text.size()) {
    std::size_t end = std::min(text.size(), start + width);
    if (end < text.size()) {
      const std::size_t blank = text.rfind(' ', end);
      if (blank != std::string::npos && blank > start) end = blank;
    }
    lines.push_back(text.substr(start, end - start));
    start = end < text.size() && text[end] == ' ' ? end + 1 : end;
  }
  return lines;
}

std::string type_text(const FieldDescription& field) {
  if (!field.range.choices.empty() && field.type != Type::kList) {
    if (field.range.choices.size() == 1) return "always " + field.range.choices.front();
    return fmt::format("one of {}", fmt::join(field.range.choices, ", "));
  }
  const std::string limits = field.range.text();
  const auto with_limits = [&](const char* kind) {
    return limits.empty() ? std::string(kind) : fmt::format("{} {}", kind, limits);
  };
  switch (field.type) {
    case Type::kFlag:
      return "true or false";
    case Type::kInteger:
      return with_limits("an integer");
    case Type::kNumber:
      return with_limits("a number");
    case Type::kText:
      return "a text";
    case Type::kList:
      return field.elements.front().type == Type::kObject
                 ? std::string("a list of objects")
                 : fmt::format("a list, each {}", type_text(field.elements.front()));
    case Type::kObject:
      break;
  }
  return "";
}

// What a writer of a config should know of `field`: "Random starting points (an integer in [1,
// 64])".
std::string comment_on(const FieldDescription& field) {
  std::vector<std::string> facts;
  const std::string type = type_text(field);
  if (!type.empty()) facts.push_back(type);
  if (field.may_be_absent) facts.emplace_back("null: not given");
  if (!field.depends_on.empty()) {
    facts.push_back(fmt::format(
        "{} \"{}\"", field.counts ? "counts with some values of" : "counts with other values of",
        field.depends_on));
  }
  if (facts.empty()) return field.range.meaning;
  return fmt::format("{}{}({})", field.range.meaning, field.range.meaning.empty() ? "" : " ",
                     fmt::join(facts, "; "));
}

class Printer {
 public:
  void object(const std::vector<FieldDescription>& fields, std::size_t depth, bool as_comment) {
    text += "{\n";
    std::size_t last = fields.size();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (as_comment || fields[i].counts) last = i;
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
      field(fields[i], depth + 1, as_comment, i != last);
    }
    indent(depth, as_comment);
    text += "}";
  }

  std::string text;

 private:
  void indent(std::size_t depth, bool as_comment) {
    text += std::string(2 * depth, ' ') + (as_comment ? "// " : "");
  }

  void field(const FieldDescription& f, std::size_t depth, bool as_comment, bool comma) {
    const std::string margin = std::string(2 * depth, ' ') + "// ";
    for (const std::string& line : wrapped(comment_on(f), kWidth - margin.size())) {
      text += margin + line + "\n";
    }
    const bool off = as_comment || !f.counts;
    indent(depth, off);
    text += nlohmann::ordered_json(f.key).dump() + ": ";
    if (f.type == Type::kObject && !(f.may_be_absent && f.value.is_null())) {
      object(f.fields, depth, off);
    } else if (is_list_of_objects(f) && !f.value.empty()) {
      list(f.elements, depth, off);
    } else {
      text += value(f, depth, off);
    }
    text += comma || off ? ",\n" : "\n";
    if (is_list_of_objects(f) && f.value.empty()) example(f.elements.front(), depth);
  }

  static bool is_list_of_objects(const FieldDescription& f) {
    return f.type == Type::kList && f.elements.front().type == Type::kObject;
  }

  void list(const std::vector<FieldDescription>& elements, std::size_t depth, bool as_comment) {
    text += "[\n";
    for (std::size_t i = 0; i < elements.size(); ++i) {
      indent(depth + 1, as_comment);
      object(elements[i].fields, depth + 1, as_comment);
      text += i + 1 < elements.size() ? ",\n" : "\n";
    }
    indent(depth, as_comment);
    text += "]";
  }

  // A value on one line, or, where that is long, on several.
  static std::string value(const FieldDescription& f, std::size_t depth, bool off) {
    std::string line = f.value.dump();
    if (off || line.size() + 2 * depth + f.key.size() < kWidth - 6) return line;
    std::string broken;
    for (const char c : f.value.dump(2)) {
      broken += c;
      if (c == '\n') broken += std::string(2 * depth, ' ');
    }
    return broken;
  }

  // What an element of an empty list looks like.
  void example(const FieldDescription& element, std::size_t depth) {
    indent(depth, true);
    text += "An element of it:\n";
    indent(depth, true);
    object(element.fields, depth, true);
    text += "\n";
  }
};

nlohmann::ordered_json field_schema(const FieldDescription& field);

nlohmann::ordered_json object_schema(const std::vector<FieldDescription>& fields) {
  nlohmann::ordered_json schema = {{"type", "object"},
                                   {"additionalProperties", false},
                                   {"properties", nlohmann::ordered_json::object()}};
  for (const FieldDescription& field : fields) {
    schema["properties"][field.key] = field_schema(field);
  }
  return schema;
}

void add_limits(const Range& range, nlohmann::ordered_json& schema) {
  if (std::isfinite(range.low)) {
    schema[range.open_low ? "exclusiveMinimum" : "minimum"] = range.low;
  }
  if (std::isfinite(range.high)) schema["maximum"] = range.high;
}

nlohmann::ordered_json typed_schema(const FieldDescription& field) {
  switch (field.type) {
    case Type::kFlag:
      return {{"type", "boolean"}};
    case Type::kInteger:
    case Type::kNumber: {
      nlohmann::ordered_json schema = {
          {"type", field.type == Type::kInteger ? "integer" : "number"}};
      add_limits(field.range, schema);
      return schema;
    }
    case Type::kText: {
      nlohmann::ordered_json schema = {{"type", "string"}};
      if (!field.range.choices.empty()) schema["enum"] = field.range.choices;
      return schema;
    }
    case Type::kList:
      return {{"type", "array"}, {"items", field_schema(field.elements.front())}};
    case Type::kObject:
      break;
  }
  return object_schema(field.fields);
}

nlohmann::ordered_json field_schema(const FieldDescription& field) {
  nlohmann::ordered_json schema = typed_schema(field);
  if (field.may_be_absent) {
    schema["type"] = nlohmann::ordered_json::array({schema["type"], "null"});
    if (schema.contains("enum")) schema["enum"].push_back(nullptr);
  }
  std::string meaning = field.range.meaning;
  if (!field.depends_on.empty()) {
    meaning += fmt::format("{}Whether it counts depends on \"{}\"", meaning.empty() ? "" : " ",
                           field.depends_on);
  }
  if (!meaning.empty()) schema["description"] = meaning;
  if (field.type != Type::kObject && !field.key.empty()) schema["default"] = field.value;
  return schema;
}

}  // namespace

std::string commented_config(const std::vector<FieldDescription>& fields) {
  Printer printer;
  printer.object(fields, 0, false);
  return printer.text + "\n";
}

nlohmann::ordered_json json_schema(const std::vector<FieldDescription>& fields) {
  nlohmann::ordered_json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}};
  schema.update(object_schema(fields));
  if (schema["properties"].contains("kind")) schema["required"] = {"kind"};
  return schema;
}

}  // namespace psi_xlstm
