
#if PSI_OSDI >= 4
/* What release 0.4 wants besides: who reads it takes the matrix as arrays, too, and the tolerance
 * of an unknown from its nature. */

static uint32_t given_in_model(void* model, uint32_t id) {
  (void)model, (void)id;
  return 0;
}

static uint32_t given_in_instance(void* instance, uint32_t id) {
  return id < PARAMETERS ? (((Instance*)instance)->given >> id) & 1 : 0;
}

static void write_jacobian_resist(void* instance, void* model, double* to) {
  (void)model;
  const Instance* const it = instance;
  for (int e = 0; e < ENTRIES; ++e) to[e] = it->usable ? it->jacobian[e] : 0.0;
}

/* The charges of the terminals come before those of the states, as their rows do. */
static void write_jacobian_react(void* instance, void* model, double* to) {
  (void)model;
  const Instance* const it = instance;
#if CHARGES
  for (int k = 0; k < CHARGE_ENTRIES; ++k) *to++ = it->usable ? it->capacitances[k] : 0.0;
#endif
  for (int s = 0; s < STATES; ++s) *to++ = it->usable ? it->capacitance : 0.0;
}

static void load_jacobian_resist_at(void* instance, void* model, size_t offset) {
  (void)model;
  const Instance* const it = instance;
  if (!it->usable) return;
  for (int e = 0; e < ENTRIES; ++e) it->resist[e][offset] += it->jacobian[e];
}

static void load_jacobian_react_at(void* instance, void* model, size_t offset) {
  (void)model;
  const Instance* const it = instance;
  if (!it->usable) return;
  for (int s = 0; s < STATES; ++s) it->react[s][offset] += it->capacitance;
#if CHARGES
  for (int k = 0; k < CHARGE_ENTRIES; ++k) it->charge_react[k][offset] += it->capacitances[k];
#endif
}

/* All sources are white. */
static uint32_t noise_types[AT_LEAST_ONE(NOISE_SOURCES)];

static void load_noise_parameters(void* instance, void* model, double* power, double* exponent) {
  load_noise(instance, model, 1.0, power);
  for (int s = 0; s < NOISE_SOURCES; ++s) exponent[s] = 0.0;
}

enum {
  OSDI_FLOW_OF_DISCIPLINE = 2,
  OSDI_POTENTIAL_OF_DISCIPLINE = 3,
  OSDI_REAL = 2,
  OSDI_TEXT = 0
};

static OsdiNodePair inputs[NODES];
static OsdiNatureReference unknown_natures[NODES], residual_natures[NODES];

PSI_EXPORT const uint32_t OSDI_ATTRIBUTES_LEN = 6;
PSI_EXPORT OsdiAttribute OSDI_ATTRIBUTES[6] = {
    {"units", OSDI_TEXT, {.text = "A"}},    {"access", OSDI_TEXT, {.text = "I"}},
    {"abstol", OSDI_REAL, {.real = 1e-12}}, {"units", OSDI_TEXT, {.text = "V"}},
    {"access", OSDI_TEXT, {.text = "V"}},   {"abstol", OSDI_REAL, {.real = 1e-6}},
};
PSI_EXPORT const uint32_t OSDI_NATURES_LEN = 2;
PSI_EXPORT OsdiNature OSDI_NATURES[2] = {
    {"Current", 0, OSDI_NONE, OSDI_NONE, OSDI_NONE, 0, 3},
    {"Voltage", 0, OSDI_NONE, OSDI_NONE, OSDI_NONE, 3, 3},
};
PSI_EXPORT const uint32_t OSDI_DISCIPLINES_LEN = 1;
PSI_EXPORT OsdiDiscipline OSDI_DISCIPLINES[1] = {{"electrical", 0, 1, 2, 0, 0, 0, 0}};
PSI_EXPORT const uint32_t OSDI_DESCRIPTOR_SIZE = sizeof(OsdiDescriptor);

/* Every node is electrical. What is read are the ports against the reference and all other nodes
 * but the reference against ground. */
__attribute__((constructor)) static void fill_tables(void) {
  for (uint32_t n = 0, k = 0; n < NODES; ++n) {
    unknown_natures[n] = (OsdiNatureReference){OSDI_POTENTIAL_OF_DISCIPLINE, 0};
    residual_natures[n] = (OsdiNatureReference){OSDI_FLOW_OF_DISCIPLINE, 0};
    if (n != PORTS) inputs[k++] = (OsdiNodePair){n, n < PORTS ? PORTS : OSDI_NONE};
  }
}
#endif /* PSI_OSDI */
