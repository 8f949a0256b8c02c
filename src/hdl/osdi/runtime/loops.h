/* Dense layers as loops. W is stored column by column, each `stride` doubles long, so that the
 * innermost loop runs over neighbours; a matrix of slopes is stored row by row. */

#include <string.h>

typedef Real4 Real4Anywhere __attribute__((aligned(8), may_alias));

#define PSI_FOR_EACH(name, function)                                       \
  PSI_INLINE void name(double* y, const double* x, int count) {            \
    int i = 0;                                                             \
    for (; i + 4 <= count; i += 4) {                                       \
      *(Real4Anywhere*)(y + i) = function(*(const Real4Anywhere*)(x + i)); \
    }                                                                      \
    for (; i < count; ++i) y[i] = function(splat(x[i]))[0];                \
  }

PSI_INLINE Real4 softplus_of4(Real4 x) { return softplus4(x, falling4(x)); }
PSI_INLINE Real4 logistic_of4(Real4 x) { return logistic4(x, falling4(x)); }

PSI_FOR_EACH(tanh_all, tanh4)
PSI_FOR_EACH(exp_all, exp4)
PSI_FOR_EACH(sigmoid_all, sigmoid4)
PSI_FOR_EACH(softplus_all, softplus_of4)
PSI_FOR_EACH(logistic_all, logistic_of4)

/* y += W x */
PSI_INLINE void add_product(
    double* y, const double* w, int stride, const double* x, int rows, int columns) {
  for (int c = 0; c < columns; ++c) {
    for (int r = 0; r < rows; ++r) y[r] += w[c * stride + r] * x[c];
  }
}

/* y += factor x */
PSI_INLINE void add_scaled(double* y, const double* x, double factor, int count) {
  for (int i = 0; i < count; ++i) y[i] += factor * x[i];
}

/* y = sums of groups of neighbours */
PSI_INLINE void sum_groups(double* y, const double* x, int groups, int size) {
  for (int i = 0; i < groups; ++i) {
    double sum = 0;
    for (int j = 0; j < size; ++j) sum += x[i * size + j];
    y[i] = sum;
  }
}

/* y = (x - mean) / sqrt(variance + eps); returns what the difference is multiplied by */
PSI_INLINE double standardise(double* y, const double* x, int count, double eps) {
  double mean = 0, square = 0;
  for (int i = 0; i < count; ++i) mean += x[i];
  mean /= count;
  for (int i = 0; i < count; ++i) square += (x[i] - mean) * (x[i] - mean);
  const double inverse = 1 / sqrt(square / count + eps);
  for (int i = 0; i < count; ++i) y[i] = (x[i] - mean) * inverse;
  return inverse;
}

/* Turns the slopes of x, [count][stride], into those of y = standardise(x). */
PSI_INLINE void standardise_slopes(
    double* slopes, int stride, const double* y, double inverse, int count) {
  double mean[stride], along[stride];
  for (int j = 0; j < stride; ++j) mean[j] = along[j] = 0;
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < stride; ++j) {
      mean[j] += slopes[i * stride + j];
      along[j] += y[i] * slopes[i * stride + j];
    }
  }
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < stride; ++j) {
      double* const d = &slopes[i * stride + j];
      *d = inverse * (*d - (mean[j] + y[i] * along[j]) / count);
    }
  }
}
