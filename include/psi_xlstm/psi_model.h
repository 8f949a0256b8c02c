#ifndef PSI_XLSTM_PSI_MODEL_H
#define PSI_XLSTM_PSI_MODEL_H

/* A trained model for programs in C, and in all that can call C: loaded from its file, run under any
 * voltage, whole or sample by sample. Nothing here throws; a function that fails says so by what it
 * returns, and psi_last_error() says why in one sentence. Link it as C++ is linked (find_package
 * does).
 *
 * Axes: N samples, S states. */

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A model, with one run of it under way. Not for use by two threads at once; two models are. */
typedef struct psi_model psi_model;

/* As an initial conductance: the middle of those that the model was trained on. */
#define PSI_START_OF_MODEL 0.0

/* What a function returns that can fail. */
#define PSI_DONE 0
#define PSI_FAILED (-1)

/* The model in `file`, or NULL where it is missing, damaged or no model of one port. */
psi_model* psi_model_load(const char* file);

/* Gives the model back; NULL is nothing. */
void psi_model_free(psi_model* model);

/* The name that its emitted forms have; as long as the model lives. */
const char* psi_model_name(const psi_model* model);

/* S, the numbers that a run carries from sample to sample. */
size_t psi_model_state_count(const psi_model* model);

/* Writes the current [A], [N], under `voltage` [V], [N], at `time` [s], [N], increasing, from the
 * conductance `g0` [S] or PSI_START_OF_MODEL. What it gives is what `psi predict` gives, bit by bit.
 * The run of psi_model_step() is not touched. */
int psi_model_simulate(const psi_model* model,
                       size_t samples,
                       const double* time,
                       const double* voltage,
                       double g0,
                       double* current);

/* Begins a run from the conductance `g0` [S] or PSI_START_OF_MODEL. A model that was loaded is at
 * the beginning of a run from PSI_START_OF_MODEL. */
int psi_model_start(psi_model* model, double g0);

/* Goes to the next sample, at `time` [s] under `voltage` [V], and writes the current [A]. A time
 * before the last one begins the run again; fails at the time of the last one. */
int psi_model_step(psi_model* model, double time, double voltage, double* current);

/* Writes the states after the last sample, [S]. Fails before the first one of a model with states. */
int psi_model_states(const psi_model* model, double* states);

/* Why the last function of this thread that failed did so, one sentence; empty: none has. Until
 * the next one fails. */
const char* psi_last_error(void);

#ifdef __cplusplus
}
#endif

#endif /* PSI_XLSTM_PSI_MODEL_H */
