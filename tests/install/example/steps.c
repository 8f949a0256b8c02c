/* A trained model in a program in C, as a controller would use it: reads lines "time voltage" from
 * standard input and answers each with the current, then prints the states, and compares the whole
 * run with the steps.
 *
 * Usage: steps MODEL.safetensors G0 < DRIVE */

#include <psi_xlstm/psi_model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SAMPLES = 10000 };

static int give_up(psi_model* model) {
  fprintf(stderr, "steps: %s\n", psi_last_error());
  psi_model_free(model);
  return 1;
}

static void print_states(const psi_model* model) {
  double states[64];
  size_t s, count = psi_model_state_count(model);
  if (count > sizeof states / sizeof states[0]) return;
  if (psi_model_states(model, states) != PSI_DONE) return;
  for (s = 0; s < count; ++s) printf("state %.17g\n", states[s]);
}

int main(int argc, char** argv) {
  static double time[MOST_SAMPLES], voltage[MOST_SAMPLES], step[MOST_SAMPLES], whole[MOST_SAMPLES];
  size_t count = 0;
  psi_model* model;
  double g0;
  if (argc != 3) {
    fprintf(stderr, "usage: steps MODEL.safetensors G0 < DRIVE\n");
    return 1;
  }
  model = psi_model_load(argv[1]);
  g0 = strtod(argv[2], NULL);
  if (model == NULL || psi_model_start(model, g0) != PSI_DONE) return give_up(model);
  while (count < MOST_SAMPLES && scanf("%lf %lf", &time[count], &voltage[count]) == 2) {
    if (psi_model_step(model, time[count], voltage[count], &step[count]) != PSI_DONE) {
      return give_up(model);
    }
    printf("%.17g\n", step[count]);
    ++count;
  }
  print_states(model);
  if (psi_model_simulate(model, count, time, voltage, g0, whole) != PSI_DONE) return give_up(model);
  if (memcmp(step, whole, count * sizeof step[0]) != 0) {
    fprintf(stderr, "steps: expected the steps to be the whole run, found a difference\n");
    return 1;
  }
  psi_model_free(model);
  return 0;
}
