#include "tau/residuals.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace psi_xlstm::tau {
namespace {

constexpr std::size_t kBlocks = 240;  // Over all records.
constexpr double kLevel = 1e-3;
constexpr int kLags = 20, kShownLags = 60;

double mean_square_of(const std::vector<double>& values) {
  double sum = 0;
  for (double x : values) sum += x * x;
  return sum / static_cast<double>(values.size());
}

}  // namespace

Residuals residuals_of(const std::vector<Record>& records,
                       const Response& response,
                       const std::vector<double>& taus,
                       bool derivatives,
                       const Solution& solution,
                       const std::vector<double>& variances) {
  std::size_t total = 0;
  for (const Record& record : records) total += record.size();
  const Eigen::Index P = solution.slope_columns.front().cols();
  Residuals out;
  out.score_products = Eigen::MatrixXd::Zero(P, P);
  for (std::size_t r = 0; r < records.size(); ++r) {
    const Record& record = records[r];
    const std::size_t n = record.size();
    const std::size_t blocks = std::max<std::size_t>(1, kBlocks * n / total);
    const double scale = 1 / std::sqrt(variances[r]);
    ColumnStream stream(record, response, taus, derivatives);
    Eigen::VectorXd row(stream.layout().width());
    std::vector<double> values;
    values.reserve(n);
    for (std::size_t b = 0; b < blocks; ++b) {
      Eigen::VectorXd score = Eigen::VectorXd::Zero(P);
      double along = 0, power = 0;
      for (std::size_t i = b * n / blocks; i < (b + 1) * n / blocks; ++i) {
        stream.next({row.data(), static_cast<std::size_t>(row.size())});
        const double residual = scale * row.dot(solution.residual_columns[r]);
        if (P > 0) {
          score.noalias() += (scale * residual) * (solution.slope_columns[r].transpose() * row);
        }
        const double base = response.form == Form::kConductance ? record.voltage[0][i] : 1;
        along += base * residual;
        power += base * base;
        values.push_back(residual);
      }
      if (power > 0) out.blocks.push_back(along / std::sqrt(power));
      out.score_products += score * score.transpose();
    }
    out.values.push_back(std::move(values));
  }
  return out;
}

bool Whiteness::white() const {
  return samples.p_value > kLevel && blocks.p_value > kLevel && block_power_p > kLevel;
}

Whiteness whiteness_of(const Residuals& residuals) {
  Whiteness out;
  double power = 0, count = 0;
  const std::vector<double>* longest = &residuals.values.front();
  for (const std::vector<double>& values : residuals.values) {
    const auto n = static_cast<double>(values.size());
    power += mean_square_of(values) * n;
    count += n;
    if (values.size() > longest->size()) longest = &values;
    // One record after the other: a test of their sum with the lags of each.
    const WhitenessTest test = ljung_box(values, kLags);
    out.samples.statistic += test.statistic;
    out.samples.lags += test.lags;
  }
  out.samples.p_value = chi_squared_tail(out.samples.statistic, out.samples.lags);
  const int shown = std::min(kShownLags, static_cast<int>(longest->size()) - 1);
  out.autocorrelation = autocorrelation(*longest, shown);
  const auto blocks = static_cast<int>(residuals.blocks.size());
  if (blocks >= 8) out.blocks = ljung_box(residuals.blocks, std::min(kLags, blocks / 4));
  if (blocks >= 2 && power > 0) {
    out.block_power = mean_square_of(residuals.blocks) / (power / count);
    out.block_power_p = chi_squared_tail(out.block_power * blocks, blocks);
  }
  return out;
}

}  // namespace psi_xlstm::tau
