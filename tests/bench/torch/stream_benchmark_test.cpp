#include "bench/stream_benchmark.hpp"

#include <gtest/gtest.h>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

TEST(StreamBenchmark, StreamsBothTeachersInLibTorchAndByTheKernels) {
  int told = 0;
  const StreamBenchmark b =
      stream_benchmark({.samples = 40, .passes = 2}, [&](double done, const std::string&) {
        EXPECT_LE(done, 1);
        ++told;
      });
  EXPECT_EQ(told, 4);
  ASSERT_EQ(b.teacher.size(), 2U);
  EXPECT_EQ(b.teacher[0].model, "teacher");
  EXPECT_EQ(b.teacher[1].model, "teacher, known start");
  for (const TeacherSpeed& t : b.teacher) {
    EXPECT_EQ(t.samples, 40);
    EXPECT_FALSE(t.libtorch.empty());
    EXPECT_GT(t.libtorch_ns_per_step, 0);
    EXPECT_GT(t.kernel_ns_per_step, 0);
  }
}

TEST(StreamBenchmark, EndsWhereTheDriveDoes) {
  for (const int samples : {0, 40'001}) {
    EXPECT_THROW(stream_benchmark({.samples = samples}, [](double, const std::string&) {}),
                 ConfigError);
  }
}

}  // namespace
}  // namespace psi_xlstm
