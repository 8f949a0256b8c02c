PSI_EXPORT void (*osdi_log)(void* handle, char* message, uint32_t level) = NULL;

/* The simulator frees the message. Old ones lose its level, so that it begins with it. */
static void complain(void* handle,
                     uint32_t level,
                     const char* parameter,
                     const char* expected,
                     const char* units,
                     double found) {
  char* text = osdi_log == NULL ? NULL : malloc(200);
  if (text == NULL) return;
  snprintf(text, 200, "%s: %s: expected %s%s%s, found %g\n",
           level == OSDI_LOG_ERROR ? "error" : "warning", parameter, expected,
           units[0] == '\0' ? "" : " ", units, found);
  osdi_log(handle, text, level);
}

static double* number_at(Instance* it, const Parameter* parameter) {
  return (double*)((char*)it + parameter->offset);
}

static void* access_number(void* instance, void* model, uint32_t id, uint32_t flags) {
  (void)model;
  if (instance == NULL || id >= PARAMETERS + OUTPUTS) return NULL;
  if (id >= PARAMETERS) return (char*)instance + outputs[id - PARAMETERS];
  if (flags & OSDI_ACCESS_SET) ((Instance*)instance)->given |= UINT32_C(1) << id;
  return (char*)instance + parameters[id].offset;
}

static void setup_model(void* handle,
                        void* model,
                        OsdiSimulatorParameters* simulator,
                        OsdiInitInfo* info) {
  (void)handle, (void)model, (void)simulator;
  *info = (OsdiInitInfo){0, 0, NULL};
}

/* Defaults where nothing was given; whether all numbers are in their ranges. */
static bool take_parameters(void* handle, Instance* it) {
  bool good = true;
  for (uint32_t i = 0; i < PARAMETERS; ++i) {
    const Parameter* p = &parameters[i];
    const bool given = (it->given >> i) & 1;
    if (given &&
        (p->offset == offsetof(Instance, temp) || p->offset == offsetof(Instance, dtemp))) {
      complain(handle, OSDI_LOG_ERROR, p->name,
               "none, for the model knows only the temperature of its data", p->units,
               *number_at(it, p));
    } else if (p->is_integer) {
      int32_t* const value = (int32_t*)((char*)it + p->offset);
      if (!given) *value = (int32_t)p->fallback;
      if (*value == 0 || *value == 1) continue;
      complain(handle, OSDI_LOG_ERROR, p->name, "0 or 1", p->units, *value);
    } else {
      double* const value = number_at(it, p);
      if (!given) *value = p->fallback;
      if (*value > 0 && *value <= LARGEST) continue;
      complain(handle, OSDI_LOG_ERROR, p->name, "a number above 0", p->units, *value);
    }
    good = false;
  }
  return good;
}

static void setup_instance(void* handle,
                           void* instance,
                           void* model,
                           double temperature,
                           uint32_t connected_terminals,
                           OsdiSimulatorParameters* simulator,
                           OsdiInitInfo* info) {
  (void)model, (void)connected_terminals, (void)simulator;
  Instance* const it = instance;
  it->temperature = temperature;
  it->usable = take_parameters(handle, it);
  *info = (OsdiInitInfo){it->usable ? 0 : OSDI_RETURN_FATAL, 0, NULL};
  if (!it->usable) return;
  if (STATES > 0) {
    const double rate = RATE_SCALE / it->tau_scale;
    it->capacitance = fmax(LEAST_CAPACITANCE, CAPACITANCE_RATE / rate);
    it->push = it->capacitance * rate;
    it->leak = LEAK * it->push;
    if (!((it->given >> DTMAX) & 1)) it->dtmax = MAX_STEP * fmin(1.0, it->tau_scale);
    it->bound_step = it->dtmax;
    set_start(it);
  }
  if (HAS_G0 && !it->warned && !can_hold(it)) {
    it->warned = 1;
    complain(handle, OSDI_LOG_WARNING, "g0", "a conductance that the states can hold,", BAND,
             it->g0);
  }
}

/* Tells once that the solution is outside of the training range. An iteration on the way to a
 * solution may be anywhere: what counts is a point that comes twice. */
static void watch(void* handle, Instance* it, const double* port, double conductance) {
  for (int i = 0; i < WATCHED && !it->told; ++i) {
    const double now = i < PORTS ? port[i] : conductance;
    const double change = fabs(now - it->watched[i]);
    it->watched[i] = now;
    if (now >= ranges[i].low && now <= ranges[i].high) continue;
    if (change > 1e-3 * fabs(now)) continue;
    it->told = 1;
    complain(handle, OSDI_LOG_WARNING, ranges[i].what, ranges[i].expected, "as in training", now);
  }
}

static uint32_t evaluate_instance(void* handle,
                                  void* instance,
                                  void* model,
                                  OsdiSimulatorInfo* info) {
  (void)handle, (void)model;
  Instance* const it = instance;
  if (!it->usable) return OSDI_RETURN_FATAL;
  const double* const v = info->solution;
  double port[PORTS], x[AT_LEAST_ONE(STATES)], r[AT_LEAST_ONE(STATES)];
  double value[VALUES], slope[SLOPES + 1];
  for (int p = 0; p < PORTS; ++p) port[p] = v[it->node[p]] - v[it->node[PORTS]];
  for (int s = 0; s < STATES; ++s) {
    x[s] = v[it->node[FIRST_STATE + s]];
    r[s] = v[it->node[FIRST_RATE + s]];
    it->state[s] = it->start[s] + x[s] * inverse_kappa[s];
  }
  for (int k = 0; k < JUNCTIONS; ++k) it->state[STATES + k] = v[it->node[FIRST_JUNCTION + k]];
  evaluate_network(port, it->state, value, slope);
  for (int k = 0; k < RATES; ++k) it->tau[k] = it->tau_scale / value[FIRST_LAMBDA + k];
  it->conductance = it->area * value[CONDUCTANCE];
  if (it->soa) watch(handle, it, port, value[CONDUCTANCE]);
  const uint32_t moving = OSDI_CALC_REACT_RESIDUAL | OSDI_CALC_REACT_JACOBIAN;
  assemble_terminals(it, value, slope);
#if CHARGES
  assemble_charges(it, value, slope);
#endif
  assemble_states(it, x, r);
  assemble_junctions(it, value, slope);
  if (it->hold && !(info->flags & moving)) {
    assemble_held_rates(it, x, r);
  } else {
    assemble_rates(it, r, value, slope);
  }
  return 0;
}

static OsdiNoiseSource noise_sources[] = {{"thermal", {0, PORTS}}};

/* The spectral density of every source [A^2/Hz]. */
static void load_noise(void* instance, void* model, double frequency, double* density) {
  (void)model, (void)frequency;
  const Instance* const it = instance;
  const double boltzmann = 1.380649e-23; /* [J/K] */
  for (int s = 0; s < NOISE_SOURCES; ++s) {
    const double conductance = it->usable && it->noise ? fmax(0.0, it->conductance) : 0.0;
    density[s] = 4 * boltzmann * it->temperature * it->mfactor * conductance;
  }
}

static void load_limit_rhs(void* instance, void* model, double* to) {
  (void)instance, (void)model, (void)to;
}

static void load_residual_resist(void* instance, void* model, double* to) {
  (void)model;
  const Instance* const it = instance;
  if (!it->usable) return;
  for (int n = 0; n < NODES; ++n) to[it->node[n]] += it->residual[n];
}

static void load_residual_react(void* instance, void* model, double* to) {
  (void)model;
  const Instance* const it = instance;
  if (!it->usable) return;
  for (int s = 0; s < STATES; ++s) to[it->node[FIRST_STATE + s]] += it->charge[s];
#if CHARGES
  for (int p = 0; p <= PORTS; ++p) to[it->node[p]] += it->port_charge[p];
#endif
}

/* to += J solution - f */
static void load_spice_rhs_dc(void* instance, void* model, double* to, double* solution) {
  (void)model;
  const Instance* const it = instance;
  if (!it->usable) return;
  double v[NODES], rhs[NODES];
  for (int n = 0; n < NODES; ++n) {
    v[n] = solution[it->node[n]];
    rhs[n] = -it->residual[n];
  }
  for (int e = 0; e < ENTRIES; ++e) {
    rhs[entry_nodes[e].row] += it->jacobian[e] * v[entry_nodes[e].column];
  }
  for (int n = 0; n < NODES; ++n) to[it->node[n]] += rhs[n];
}

static void load_spice_rhs_tran(
    void* instance, void* model, double* to, double* solution, double alpha) {
  load_spice_rhs_dc(instance, model, to, solution);
  const Instance* const it = instance;
  if (!it->usable) return;
  for (int s = 0; s < STATES; ++s) {
    const uint32_t node = it->node[FIRST_STATE + s];
    to[node] += alpha * it->capacitance * solution[node];
  }
#if CHARGES
  for (int k = 0; k < CHARGE_ENTRIES; ++k) {
    const int e = charge_entries[k];
    to[it->node[entry_nodes[e].row]] +=
        alpha * it->capacitances[k] * solution[it->node[entry_nodes[e].column]];
  }
#endif
}

static void load_jacobian_resist(void* instance, void* model) {
  (void)model;
  const Instance* const it = instance;
  if (!it->usable) return;
  for (int e = 0; e < ENTRIES; ++e) *it->resist[e] += it->jacobian[e];
}

static void load_jacobian_react(void* instance, void* model, double alpha) {
  (void)model;
  const Instance* const it = instance;
  if (!it->usable) return;
  for (int s = 0; s < STATES; ++s) *it->react[s] += alpha * it->capacitance;
#if CHARGES
  for (int k = 0; k < CHARGE_ENTRIES; ++k) *it->charge_react[k] += alpha * it->capacitances[k];
#endif
}

static void load_jacobian_tran(void* instance, void* model, double alpha) {
  load_jacobian_resist(instance, model);
  const Instance* const it = instance;
  if (!it->usable) return;
  for (int s = 0; s < STATES; ++s) *it->resist[diagonal[s]] += alpha * it->capacitance;
#if CHARGES
  for (int k = 0; k < CHARGE_ENTRIES; ++k) {
    *it->resist[charge_entries[k]] += alpha * it->capacitances[k];
  }
#endif
}
