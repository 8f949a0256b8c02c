/* The VTEAM memristor (data/vteam.hpp) with linear resistance and the window of Biolek, written by
 * hand against the interface that stands before this text (hdl/osdi/abi.h): what a designer would
 * have in the place of a trained model. State u = 0 at w_on and 1 at w_off, u0 at the start.
 *
 *   I = V / (r_on + (r_off - r_on) u)
 *   du/dt = k_off / width (V/v_off - 1)^alpha_off (1 - u^2p)       for V > v_off
 *           k_on / width (V/v_on - 1)^alpha_on (1 - (1 - u)^2p)    for V < v_on, 0 between
 *
 * Nodes: the terminals p and n, and x = u - u0 with f_x = -C du/dt, q_x = C x. In operating point
 * and DC sweep the state is held: f_x = C HELD_RATE x. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define PSI_EXPORT __attribute__((visibility("default")))

enum { P, N, X, NODES };
enum { TERMINALS = 2, ENTRIES = 9, INSTANCE_PARAMETERS = 2, PARAMETERS = 13, OUTPUTS = 2 };
static const double CAPACITANCE = 1e-9; /* C [F] */
static const double HELD_RATE = 1e3;    /* [1/s] */

typedef struct {
  double v_on, v_off;         /* [V] */
  double k_on, k_off;         /* [m/s] */
  double alpha_on, alpha_off; /* dimensionless */
  double r_on, r_off;         /* [Ohm] */
  double w_on, w_off;         /* [m] */
  double window_power;        /* p */
  uint32_t given;             /* bit i: parameter i was set */
} Model;

typedef struct {
  double* resist[ENTRIES];
  double* react;
  uint32_t node[NODES], given;
  uint32_t none; /* no two nodes can become one, the device keeps no states of its own */
  double mfactor, u0;
  double residual[NODES], charge;
  double jacobian[ENTRIES];
  double conductance, state;
} Instance;

typedef struct {
  size_t offset; /* in the instance for the first INSTANCE_PARAMETERS, else in the model */
  double fallback;
} Parameter;

static const Parameter parameters[PARAMETERS] = {
    {offsetof(Instance, mfactor), 1},   {offsetof(Instance, u0), 0.5},
    {offsetof(Model, v_on), -0.2},      {offsetof(Model, v_off), 0.2},
    {offsetof(Model, k_on), -1.869e-4}, {offsetof(Model, k_off), 1.869e-4},
    {offsetof(Model, alpha_on), 1},     {offsetof(Model, alpha_off), 1},
    {offsetof(Model, r_on), 1e3},       {offsetof(Model, r_off), 20e3},
    {offsetof(Model, w_on), 0},         {offsetof(Model, w_off), 3e-9},
    {offsetof(Model, window_power), 2}};

#define OF_INSTANCE OSDI_TYPE_REAL | OSDI_KIND_INSTANCE
#define OF_OUTPUT OSDI_TYPE_REAL | OSDI_KIND_OUTPUT
#define NAMES(...) ((char*[]){__VA_ARGS__})
static OsdiParameter descriptions[PARAMETERS + OUTPUTS] = {
    {NAMES("$mfactor", "m"), 1, "number of devices in parallel", "", OF_INSTANCE, 0},
    {NAMES("u0"), 0, "state at the start", "", OF_INSTANCE, 0},
    {NAMES("v_on"), 0, "threshold towards w_on", "V", OSDI_TYPE_REAL, 0},
    {NAMES("v_off"), 0, "threshold towards w_off", "V", OSDI_TYPE_REAL, 0},
    {NAMES("k_on"), 0, "speed below v_on", "m/s", OSDI_TYPE_REAL, 0},
    {NAMES("k_off"), 0, "speed above v_off", "m/s", OSDI_TYPE_REAL, 0},
    {NAMES("alpha_on"), 0, "exponent of the speed below v_on", "", OSDI_TYPE_REAL, 0},
    {NAMES("alpha_off"), 0, "exponent of the speed above v_off", "", OSDI_TYPE_REAL, 0},
    {NAMES("r_on"), 0, "resistance at w_on", "Ohm", OSDI_TYPE_REAL, 0},
    {NAMES("r_off"), 0, "resistance at w_off", "Ohm", OSDI_TYPE_REAL, 0},
    {NAMES("w_on"), 0, "smallest state", "m", OSDI_TYPE_REAL, 0},
    {NAMES("w_off"), 0, "largest state", "m", OSDI_TYPE_REAL, 0},
    {NAMES("window_power"), 0, "exponent of the window", "", OSDI_TYPE_REAL, 0},
    {NAMES("g"), 0, "conductance", "S", OF_OUTPUT, 0},
    {NAMES("u"), 0, "state", "", OF_OUTPUT, 0}};

static OsdiNode nodes[NODES] = {
    {"p", "V", "A", offsetof(Instance, residual[P]), OSDI_NONE, OSDI_NONE, OSDI_NONE, false},
    {"n", "V", "A", offsetof(Instance, residual[N]), OSDI_NONE, OSDI_NONE, OSDI_NONE, false},
    {"x", "V", "A", offsetof(Instance, residual[X]), offsetof(Instance, charge), OSDI_NONE,
     OSDI_NONE, false}};

/* Entry 3 row + column. */
static OsdiJacobianEntry entries[ENTRIES] = {
    {{P, P}, OSDI_NONE, OSDI_ENTRY_RESIST},
    {{P, N}, OSDI_NONE, OSDI_ENTRY_RESIST},
    {{P, X}, OSDI_NONE, OSDI_ENTRY_RESIST},
    {{N, P}, OSDI_NONE, OSDI_ENTRY_RESIST},
    {{N, N}, OSDI_NONE, OSDI_ENTRY_RESIST},
    {{N, X}, OSDI_NONE, OSDI_ENTRY_RESIST},
    {{X, P}, OSDI_NONE, OSDI_ENTRY_RESIST},
    {{X, N}, OSDI_NONE, OSDI_ENTRY_RESIST},
    {{X, X}, offsetof(Instance, react), OSDI_ENTRY_RESIST | OSDI_ENTRY_REACT}};

PSI_EXPORT void (*osdi_log)(void* handle, char* message, uint32_t level) = NULL;

/* The simulator frees the message. */
static bool refuse(void* handle, const char* expected) {
  char* const text = osdi_log == NULL ? NULL : malloc(200);
  if (text == NULL) return false;
  snprintf(text, 200, "error: vteam: expected %s\n", expected);
  osdi_log(handle, text, OSDI_LOG_ERROR);
  return false;
}

static void* access_number(void* instance, void* model, uint32_t id, uint32_t flags) {
  Instance* const it = instance;
  Model* const of = model;
  const bool set = flags & OSDI_ACCESS_SET;
  if (id < INSTANCE_PARAMETERS) {
    if (it == NULL) return NULL;
    if (set) it->given |= UINT32_C(1) << id;
    return (char*)it + parameters[id].offset;
  }
  if (id < PARAMETERS) {
    if (of == NULL) return NULL;
    if (set) of->given |= UINT32_C(1) << id;
    return (char*)of + parameters[id].offset;
  }
  if (it == NULL || id >= PARAMETERS + OUTPUTS) return NULL;
  return id == PARAMETERS ? &it->conductance : &it->state;
}

/* Defaults of the parameters from `first` to `end` where nothing was given. */
static void take_defaults(void* to, uint32_t given, uint32_t first, uint32_t end) {
  for (uint32_t i = first; i < end; ++i) {
    if ((given >> i) & 1) continue;
    *(double*)((char*)to + parameters[i].offset) = parameters[i].fallback;
  }
}

static void setup_model(void* handle,
                        void* model,
                        OsdiSimulatorParameters* simulator,
                        OsdiInitInfo* info) {
  (void)simulator;
  Model* const of = model;
  take_defaults(of, of->given, INSTANCE_PARAMETERS, PARAMETERS);
  bool good = true;
  if (!(of->v_on < 0 && of->v_off > 0)) good = refuse(handle, "v_on < 0 < v_off");
  if (!(of->k_on <= 0 && of->k_off >= 0)) good = refuse(handle, "k_on <= 0 <= k_off");
  if (!(of->alpha_on > 0 && of->alpha_off > 0)) good = refuse(handle, "exponents above 0");
  if (!(of->r_on > 0 && of->r_off > 0)) good = refuse(handle, "resistances above 0");
  if (!(of->w_off > of->w_on)) good = refuse(handle, "w_off above w_on");
  if (!(of->window_power >= 1)) good = refuse(handle, "window_power of at least 1");
  *info = (OsdiInitInfo){good ? 0 : OSDI_RETURN_FATAL, 0, NULL};
}

static void setup_instance(void* handle,
                           void* instance,
                           void* model,
                           double temperature,
                           uint32_t connected_terminals,
                           OsdiSimulatorParameters* simulator,
                           OsdiInitInfo* info) {
  (void)model, (void)temperature, (void)connected_terminals, (void)simulator;
  Instance* const it = instance;
  take_defaults(it, it->given, 0, INSTANCE_PARAMETERS);
  const bool good = (it->u0 >= 0 && it->u0 <= 1) || refuse(handle, "u0 from 0 to 1");
  *info = (OsdiInitInfo){good ? 0 : OSDI_RETURN_FATAL, 0, NULL};
}

typedef struct {
  double value, by_voltage, by_state;
} Rate;

/* du/dt [1/s] at voltage v and a state from 0 to 1. */
static Rate rate_of(const Model* of, double v, double u) {
  const bool up = v > of->v_off;
  if (!up && v >= of->v_on) return (Rate){0, 0, 0};
  const double threshold = up ? of->v_off : of->v_on, alpha = up ? of->alpha_off : of->alpha_on;
  const double over = v / threshold - 1;
  const double speed = (up ? of->k_off : of->k_on) / (of->w_off - of->w_on) * pow(over, alpha);
  const double way = up ? u : 1 - u, power = 2 * of->window_power;
  const double rest = pow(way, power);
  const double slope = way > 0 ? power * rest / way : 0;
  return (Rate){.value = speed * (1 - rest),
                .by_voltage = alpha * speed / (over * threshold) * (1 - rest),
                .by_state = (up ? -speed : speed) * slope};
}

static uint32_t evaluate(void* handle, void* instance, void* model, OsdiSimulatorInfo* info) {
  (void)handle;
  Instance* const it = instance;
  const Model* const of = model;
  const double* const solution = info->solution;
  const double v = solution[it->node[P]] - solution[it->node[N]], x = solution[it->node[X]];
  const double u = fmin(fmax(it->u0 + x, 0), 1);
  const double slope = of->r_off - of->r_on;
  const double g = 1 / (of->r_on + slope * u), m = it->mfactor;
  const double by_v = m * g, by_x = -m * g * g * slope * v;
  it->conductance = g;
  it->state = u;

  const bool moves = info->flags & (OSDI_CALC_REACT_RESIDUAL | OSDI_CALC_REACT_JACOBIAN);
  const Rate rate = moves ? rate_of(of, v, u) : (Rate){-HELD_RATE * x, 0, -HELD_RATE};
  it->residual[P] = by_v * v;
  it->residual[N] = -by_v * v;
  it->residual[X] = -CAPACITANCE * rate.value;
  it->charge = CAPACITANCE * x;
  double* const j = it->jacobian;
  j[3 * P + P] = j[3 * N + N] = by_v;
  j[3 * P + N] = j[3 * N + P] = -by_v;
  j[3 * P + X] = by_x;
  j[3 * N + X] = -by_x;
  j[3 * X + P] = -CAPACITANCE * rate.by_voltage;
  j[3 * X + N] = CAPACITANCE * rate.by_voltage;
  j[3 * X + X] = -CAPACITANCE * rate.by_state;
  return 0;
}

static void load_noise(void* instance, void* model, double frequency, double* density) {
  (void)instance, (void)model, (void)frequency, (void)density;
}

static void load_limit_rhs(void* instance, void* model, double* to) {
  (void)instance, (void)model, (void)to;
}

static void load_residual_resist(void* instance, void* model, double* to) {
  (void)model;
  const Instance* const it = instance;
  for (int n = 0; n < NODES; ++n) to[it->node[n]] += it->residual[n];
}

static void load_residual_react(void* instance, void* model, double* to) {
  (void)model;
  const Instance* const it = instance;
  to[it->node[X]] += it->charge;
}

/* to += J solution - f */
static void load_spice_rhs_dc(void* instance, void* model, double* to, double* solution) {
  (void)model;
  const Instance* const it = instance;
  const double* const j = it->jacobian;
  const double p = solution[it->node[P]], n = solution[it->node[N]], x = solution[it->node[X]];
  for (int row = 0; row < NODES; ++row) {
    to[it->node[row]] +=
        j[3 * row + P] * p + j[3 * row + N] * n + j[3 * row + X] * x - it->residual[row];
  }
}

static void load_spice_rhs_tran(
    void* instance, void* model, double* to, double* solution, double alpha) {
  load_spice_rhs_dc(instance, model, to, solution);
  const Instance* const it = instance;
  to[it->node[X]] += alpha * CAPACITANCE * solution[it->node[X]];
}

static void load_jacobian_resist(void* instance, void* model) {
  (void)model;
  const Instance* const it = instance;
  for (int e = 0; e < ENTRIES; ++e) *it->resist[e] += it->jacobian[e];
}

static void load_jacobian_react(void* instance, void* model, double alpha) {
  (void)model;
  const Instance* const it = instance;
  *it->react += alpha * CAPACITANCE;
}

static void load_jacobian_tran(void* instance, void* model, double alpha) {
  load_jacobian_resist(instance, model);
  const Instance* const it = instance;
  *it->resist[3 * X + X] += alpha * CAPACITANCE;
}

PSI_EXPORT const uint32_t OSDI_VERSION_MAJOR = 0;
PSI_EXPORT const uint32_t OSDI_VERSION_MINOR = 3;
PSI_EXPORT const uint32_t OSDI_NUM_DESCRIPTORS = 1;
PSI_EXPORT OsdiDescriptor OSDI_DESCRIPTORS[1] = {{
    .name = "vteam",
    .node_count = NODES,
    .terminal_count = TERMINALS,
    .nodes = nodes,
    .entry_count = ENTRIES,
    .entries = entries,
    .collapsed = offsetof(Instance, none),
    .parameter_count = PARAMETERS,
    .instance_parameter_count = INSTANCE_PARAMETERS,
    .output_count = OUTPUTS,
    .parameters = descriptions,
    .node_mapping = offsetof(Instance, node),
    .resist_pointers = offsetof(Instance, resist),
    .state_numbers = offsetof(Instance, none),
    .bound_step = OSDI_NONE,
    .instance_size = sizeof(Instance),
    .model_size = sizeof(Model),
    .access = access_number,
    .setup_model = setup_model,
    .setup_instance = setup_instance,
    .evaluate = evaluate,
    .load_noise = load_noise,
    .load_residual_resist = load_residual_resist,
    .load_residual_react = load_residual_react,
    .load_limit_rhs_resist = load_limit_rhs,
    .load_limit_rhs_react = load_limit_rhs,
    .load_spice_rhs_dc = load_spice_rhs_dc,
    .load_spice_rhs_tran = load_spice_rhs_tran,
    .load_jacobian_resist = load_jacobian_resist,
    .load_jacobian_react = load_jacobian_react,
    .load_jacobian_tran = load_jacobian_tran,
}};
