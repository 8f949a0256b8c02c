#include "jobs/job.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/atomic_file.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

const Job kJob{.kind = "network",
               .name = "seed 42, teacher",
               .program = "/opt/psi_trainer",
               .inputs = {{"config", "/run/config.json"}},
               .outputs = {{"run", "/run"}},
               .settings = {{"network", 3}},
               .seed = 2147483647};

fs::path file_with(const std::string& text) {
  const fs::path file = fs::path(::testing::TempDir()) / "psi_job.json";
  write_file(file, text);
  return file;
}

// What is wrong with kJob after `from` in its text was replaced by `to`.
std::string problem_with(const std::string& from, const std::string& to) {
  std::string text = job_text(kJob);
  text.replace(text.find(from), from.size(), to);
  const fs::path file = file_with(text);
  try {
    read_job(file);
  } catch (const DataError& e) {
    const std::string problem = e.what();
    return problem.starts_with(file.string()) ? problem.substr(file.string().size()) : problem;
  }
  return "none";
}

TEST(Job, ReadsBackAsItself) {
  const Job job = read_job(file_with(job_text(kJob)));
  EXPECT_EQ(job.kind, "network");
  EXPECT_EQ(job.name, kJob.name);
  EXPECT_EQ(job.program, kJob.program);
  EXPECT_EQ(job.input("config"), "/run/config.json");
  EXPECT_EQ(job.output("run"), "/run");
  EXPECT_EQ(job.number("network", 0, 10), 3);
  EXPECT_EQ(job.seed, 2147483647);
  EXPECT_EQ(job_text(job), job_text(kJob));
}

TEST(Job, MakesItsPathsAbsolute) {
  Job job = kJob;
  job.inputs["config"] = "config.json";
  EXPECT_EQ(read_job(file_with(job_text(job))).input("config"), fs::absolute("config.json"));
}

TEST(Job, SaysWhatIsMissing) {
  EXPECT_THROW(kJob.input("model"), ConfigError);
  EXPECT_THROW(kJob.output("config"), ConfigError);
  EXPECT_THROW(kJob.number("samples", 0, 1), ConfigError);
  try {
    kJob.number("network", 0, 2);
    FAIL() << "expected a ConfigError";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(),
                 "job seed 42, teacher: settings/network: expected an integer in [0, 2], found 3");
  }
}

TEST(Job, OfAnotherKindIsRefused) {
  EXPECT_EQ(problem_with("\"version\": 1", "\"version\": 2"),
            ": expected a job of version 1, found version 2");
  for (const auto& [from, to] :
       {std::pair{"\"kind\": \"network\"", "\"kind\": 3"},
        std::pair{"\"seed\": 2147483647", "\"seed\": 2147483648"},
        std::pair{"\"seed\": 2147483647", "\"seed\": 1e300"},
        std::pair{"\"/run/config.json\"", "7"}, std::pair{"\"program\"", "\"programme\""},
        std::pair{"\"network\": 3\n", "\"network\": 3}\n"}}) {
    EXPECT_NE(problem_with(from, to), "none") << to;
  }
  EXPECT_THROW(read_job("/no/such/job.json"), DataError);
}

}  // namespace
}  // namespace psi_xlstm
