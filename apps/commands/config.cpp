// psi config: complete configs and their schema, from the description that reads them.

#include <memory>

#include "command.hpp"
#include "config/cosim.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::apps {
namespace {

// Of psi cosim --config; not a study.
constexpr const char* kCosim = "cosim";

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const StudyKind& kind : study_kinds()) names.push_back(kind.name);
  names.emplace_back(kCosim);
  return names;
}

std::vector<FieldDescription> fields_of(const std::string& name) {
  for (const StudyKind& kind : study_kinds()) {
    if (kind.name == name) return kind.example();
  }
  return describe(CosimConfig{});
}

// The schemas of all studies: one of them, by the kind that the config says.
nlohmann::ordered_json schema_of_studies() {
  nlohmann::ordered_json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                                   {"title", "Config of psi run"},
                                   {"oneOf", nlohmann::ordered_json::array()}};
  for (const StudyKind& kind : study_kinds()) {
    nlohmann::ordered_json one = json_schema(kind.example());
    one.erase("$schema");
    schema["oneOf"].push_back(std::move(one));
  }
  return schema;
}

}  // namespace

void add_config(CLI::App& app, int& exit_code) {
  struct Options {
    std::string defaults, schema;
  };
  const auto o = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("config", "Print a complete config with comments, or the JSON Schema");
  CLI::Option* defaults =
      command
          ->add_option("--defaults", o->defaults,
                       "A config of this kind: every field with its default and a comment")
          ->check(one_of_these(kind_names()));
  CLI::Option* schema =
      command
          ->add_option("--schema", o->schema,
                       "The JSON Schema of this kind; without a kind, of all studies")
          ->expected(0, 1)
          ->excludes(defaults)
          ->check(one_of_these(kind_names()));
  add_example(*command, {"psi config --defaults compact > my_study.json",
                         "psi config --schema > psi.schema.json"});
  command->callback([o, defaults, schema, &exit_code] {
    if (defaults->count() + schema->count() == 0) {
      throw ConfigError("config: expected --defaults KIND or --schema, found neither");
    }
    if (defaults->count() > 0) {
      write_output(commented_config(fields_of(o->defaults)));
    } else {
      const bool all = o->schema.empty();
      write_output((all ? schema_of_studies() : json_schema(fields_of(o->schema))).dump(2) + "\n");
    }
    exit_code = kDone;
  });
}

}  // namespace psi_xlstm::apps
