/* The model as the simulator sees it: nodes 0..PORTS-1 are the ports, then the reference terminal,
 * the scaled states x and the rates r. For state s, with L the scale of the rates and all times
 * multiplied by tau_scale,
 *
 *   ports   f_p = m area I_p                                the reference: minus their sum
 *   state   f_x = leak x - push r,   q_x = capacitance x    push = capacitance L / tau_scale
 *   rate    f_r = r - kappa lambda (z - c) / L              c = c(0) + x / kappa
 *   junction f_y = y - (what the network computes there)     where a wide network is narrow
 *
 * While the state is held (operating point and DC sweep with hold = 1) f_r = r + HOLD x. */

#include <stdio.h>
#include <stdlib.h>

#define PSI_EXPORT __attribute__((visibility("default")))
#define AT_LEAST_ONE(count) ((count) > 0 ? (count) : 1)

typedef struct {
  double* resist[ENTRIES];
  double* react[AT_LEAST_ONE(STATES)];
#if CHARGES
  double* charge_react[AT_LEAST_ONE(CHARGE_ENTRIES)];
#endif
  uint32_t node[NODES];
  uint32_t given; /* bit i: parameter i was set */
  int32_t hold, noise, soa;
  int32_t usable, warned, told;
  double mfactor, area, g0, tau_scale, dtmax, temp, dtemp;
  double temperature; /* [K] */
  double bound_step;
  double capacitance, push, leak;
  double start[AT_LEAST_ONE(STATES)];
  double residual[NODES];
  double charge[AT_LEAST_ONE(STATES)];
#if CHARGES
  double port_charge[PORTS + 1]; /* q_p = m area Q_p [C]; the reference: minus their sum */
  double capacitances[AT_LEAST_ONE(CHARGE_ENTRIES)]; /* dq/dV of the entries charge_entries */
#endif
  double jacobian[ENTRIES];
  double watched[PORTS + 1]; /* what was compared with the training range the last time */
  double conductance, tau[AT_LEAST_ONE(RATES)];
  double state[STATES + JUNCTIONS + FIXED + 4]; /* c, y, what depends on the start alone, room */
} __attribute__((aligned(16))) Instance;

typedef struct {
  const char *name, *units;
  size_t offset;
  bool is_integer;
  double fallback;
} Parameter;

typedef struct {
  const char *what, *expected;
  double low, high;
} Range;
