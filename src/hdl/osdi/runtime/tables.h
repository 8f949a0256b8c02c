/* Residuals and matrix of a device with many entries, from tables. A row of the matrix holds the
 * entries first_entry[row] to first_entry[row + 1], by column. Of entry e, entry_slope[e] says
 * which slopes it is made of (of a rate and of a target; else the first alone; slope[SLOPES] is 0),
 * and entry_factor[e] is the derivative of the input by the node voltage. */

/* The current and every rate depend on the ports by their voltages to the reference terminal. */
static void close_row(double* j, int row) {
  double sum = 0;
  for (int e = first_entry[row]; e < first_entry[row + 1]; ++e) {
    if (entry_nodes[e].column < PORTS) sum += j[e];
    if (entry_nodes[e].column == PORTS) j[e] = -sum;
  }
}

static void assemble_terminals(Instance* it, const double* value, const double* slope) {
  const double scale = it->mfactor * it->area;
  double *const f = it->residual, *const j = it->jacobian;
  f[PORTS] = 0;
  for (int e = first_entry[PORTS]; e < first_entry[PORTS + 1]; ++e) j[e] = 0;
  for (int p = 0; p < PORTS; ++p) {
    f[p] = scale * value[p];
    f[PORTS] -= f[p];
    for (int e = first_entry[p]; e < first_entry[p + 1]; ++e) {
      j[e] = scale * entry_factor[e] * slope[entry_slope[e][0]];
    }
    close_row(j, p);
    for (int e = first_entry[p]; e < first_entry[p + 1]; ++e) j[reference_entry[e]] -= j[e];
  }
}

static void assemble_states(Instance* it, const double* x, const double* r) {
  for (int s = 0; s < STATES; ++s) {
    const int e = first_entry[FIRST_STATE + s];
    it->residual[FIRST_STATE + s] = it->leak * x[s] - it->push * r[s];
    it->charge[s] = it->capacitance * x[s];
    it->jacobian[e] = it->leak;
    it->jacobian[e + 1] = -it->push;
  }
}

static void assemble_held_rates(Instance* it, const double* x, const double* r) {
  double* const j = it->jacobian;
  for (int s = 0; s < STATES; ++s) {
    const int row = FIRST_RATE + s;
    it->residual[row] = r[s] + HOLD * x[s];
    for (int e = first_entry[row]; e < first_entry[row + 1]; ++e) j[e] = 0;
    j[own_state_entry[s]] = HOLD;
    j[own_rate_entry[s]] = 1;
  }
}

static void assemble_rates(Instance* it,
                           const double* r,
                           const double* value,
                           const double* slope) {
  double* const j = it->jacobian;
  for (int s = 0; s < STATES; ++s) {
    const int row = FIRST_RATE + s;
    const double kappa = 1 / (inverse_kappa[s] * RATE_SCALE);
    const double lambda = kappa * value[FIRST_LAMBDA + rate_of_state[s]];
    const double gap = value[FIRST_TARGET + s] - it->state[s];
    it->residual[row] = r[s] - lambda * gap;
    for (int e = first_entry[row]; e < first_entry[row + 1]; ++e) {
      j[e] = -entry_factor[e] *
             (kappa * gap * slope[entry_slope[e][0]] + lambda * slope[entry_slope[e][1]]);
    }
    close_row(j, row);
    j[own_state_entry[s]] += lambda * inverse_kappa[s];
    j[own_rate_entry[s]] = 1;
  }
}

static void assemble_junctions(Instance* it, const double* value, const double* slope) {
  double* const j = it->jacobian;
  for (int k = 0; k < JUNCTIONS; ++k) {
    const int row = FIRST_JUNCTION + k;
    it->residual[row] = it->state[STATES + k] - value[CONDUCTANCE + 1 + k];
    for (int e = first_entry[row]; e < first_entry[row + 1]; ++e) {
      j[e] = entry_nodes[e].column == row ? 1.0 : -entry_factor[e] * slope[entry_slope[e][0]];
    }
    close_row(j, row);
  }
}
