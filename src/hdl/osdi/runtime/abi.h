/* The part of the Open Source Device Interface that a compiled model shows to a simulator: 64-bit
 * layout, offsets in bytes. Release 0.3, which ngspice 39 to 47 read, or, with -DPSI_OSDI=4, 0.4,
 * which VACASK and ngspice from 44 on read. */

#ifndef PSI_OSDI
#define PSI_OSDI 3
#endif /* PSI_OSDI */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  OSDI_TYPE_REAL = 0,
  OSDI_TYPE_INTEGER = 1,
  OSDI_KIND_INSTANCE = 1 << 30,
  OSDI_ACCESS_SET = 1,
  OSDI_ENTRY_RESIST_CONSTANT = 1,
  OSDI_ENTRY_REACT_CONSTANT = 2,
  OSDI_ENTRY_RESIST = 4,
  OSDI_ENTRY_REACT = 8,
  OSDI_CALC_REACT_RESIDUAL = 2,
  OSDI_CALC_REACT_JACOBIAN = 8,
  OSDI_RETURN_FATAL = 2,
  OSDI_LOG_WARNING = 3,
  OSDI_LOG_ERROR = 4
};
#define OSDI_KIND_OUTPUT UINT32_C(0x80000000) /* an operating-point variable */
#define OSDI_NONE UINT32_MAX                  /* an absent offset; the ground node */

typedef struct {
  uint32_t row, column; /* equation and unknown, as numbers of nodes */
} OsdiNodePair;

typedef struct {
  char *name, *units, *residual_units;
  uint32_t resist_residual, react_residual;   /* offsets in the instance */
  uint32_t resist_limit_rhs, react_limit_rhs; /* likewise */
  bool is_flow;
} OsdiNode;

typedef struct {
  OsdiNodePair nodes;
  uint32_t react_pointer; /* offset in the instance of the pointer to the reactive part */
  uint32_t flags;
} OsdiJacobianEntry;

typedef struct {
  char** name; /* the name, then its aliases */
  uint32_t aliases;
  char *description, *units;
  uint32_t flags;
  uint32_t length; /* 0: a scalar */
} OsdiParameter;

typedef struct {
  char* name;
  OsdiNodePair nodes;
} OsdiNoiseSource;

typedef struct {
  char** names;
  double* values;
  char **text_names, **texts;
} OsdiSimulatorParameters;

typedef struct {
  OsdiSimulatorParameters parameters;
  double time;      /* [s]; 0 outside a transient */
  double* solution; /* the node voltages of the iteration before, by number of the circuit [V] */
  double *state_before, *state_after;
  uint32_t flags;
} OsdiSimulatorInfo;

typedef struct {
  uint32_t flags;
  uint32_t error_count;
  void* errors;
} OsdiInitInfo;

#if PSI_OSDI >= 4
typedef struct {
  uint32_t kind, number; /* e.g. the potential of a discipline */
} OsdiNatureReference;

typedef struct {
  char* name;
  uint32_t parent_kind, parent, derivative, integral; /* OSDI_NONE: none */
  uint32_t first_attribute, attribute_count;
} OsdiNature;

typedef struct {
  char* name;
  uint32_t flow, potential; /* natures */
  uint32_t domain;
  uint32_t first_attribute, flow_attribute_count, potential_attribute_count, attribute_count;
} OsdiDiscipline;

typedef struct {
  char* name;
  uint32_t type;
  union {
    char* text;
    int32_t integer;
    double real;
  } value;
} OsdiAttribute;
#endif /* PSI_OSDI */

typedef struct {
  char* name;
  uint32_t node_count, terminal_count;
  OsdiNode* nodes;
  uint32_t entry_count;
  OsdiJacobianEntry* entries;
  uint32_t collapsible_count;
  OsdiNodePair* collapsible;
  uint32_t collapsed; /* from here on down to instance_size: offsets in the instance */
  OsdiNoiseSource* noise_sources;
  uint32_t noise_source_count;
  uint32_t parameter_count, instance_parameter_count, output_count;
  OsdiParameter* parameters;
  uint32_t node_mapping, resist_pointers;
  uint32_t state_count, state_numbers;
  uint32_t bound_step;
  uint32_t instance_size, model_size; /* [bytes] */

  void* (*access)(void* instance, void* model, uint32_t id, uint32_t flags);
  void (*setup_model)(void* handle, void* model, OsdiSimulatorParameters*, OsdiInitInfo*);
  void (*setup_instance)(void* handle,
                         void* instance,
                         void* model,
                         double temperature,
                         uint32_t connected_terminals,
                         OsdiSimulatorParameters*,
                         OsdiInitInfo*);
  uint32_t (*evaluate)(void* handle, void* instance, void* model, OsdiSimulatorInfo*);
  void (*load_noise)(void* instance, void* model, double frequency, double* density);
  void (*load_residual_resist)(void* instance, void* model, double* to);
  void (*load_residual_react)(void* instance, void* model, double* to);
  void (*load_limit_rhs_resist)(void* instance, void* model, double* to);
  void (*load_limit_rhs_react)(void* instance, void* model, double* to);
  void (*load_spice_rhs_dc)(void* instance, void* model, double* to, double* solution);
  void (*load_spice_rhs_tran)(
      void* instance, void* model, double* to, double* solution, double alpha);
  void (*load_jacobian_resist)(void* instance, void* model);
  void (*load_jacobian_react)(void* instance, void* model, double alpha);
  void (*load_jacobian_tran)(void* instance, void* model, double alpha);
#if PSI_OSDI >= 4
  uint32_t (*given_in_model)(void* model, uint32_t id);
  uint32_t (*given_in_instance)(void* instance, uint32_t id);
  uint32_t resist_entry_count, react_entry_count;
  void (*write_jacobian_resist)(void* instance, void* model, double* to);
  void (*write_jacobian_react)(void* instance, void* model, double* to);
  uint32_t input_count;
  OsdiNodePair* inputs; /* what is read, as differences of nodes */
  void (*load_jacobian_resist_at)(void* instance, void* model, size_t offset);
  void (*load_jacobian_react_at)(void* instance, void* model, size_t offset);
  OsdiNatureReference *unknown_natures, *residual_natures; /* of every node */
  /* From here on of 0.5, and wanted by VACASK of any: the size of a descriptor is told. */
  uint32_t* noise_types;
  void (*load_noise_parameters)(void* instance, void* model, double* power, double* exponent);
  uint32_t module_flags, delay_count;
  void* delays;
#endif                                                     /* PSI_OSDI */
} OsdiDescriptor;

/* A compiler that lays these out otherwise stops here. */
typedef char osdi_layout_of_node[sizeof(OsdiNode) == 48 ? 1 : -1];
typedef char osdi_layout_of_entry[sizeof(OsdiJacobianEntry) == 16 ? 1 : -1];
typedef char osdi_layout_of_parameter[sizeof(OsdiParameter) == 40 ? 1 : -1];
typedef char osdi_layout_of_info[sizeof(OsdiSimulatorInfo) == 72 ? 1 : -1];
typedef char osdi_layout_of_mapping[offsetof(OsdiDescriptor, node_mapping) == 96 ? 1 : -1];
typedef char osdi_layout_of_bound_step[offsetof(OsdiDescriptor, bound_step) == 112 ? 1 : -1];
typedef char osdi_layout_of_access[offsetof(OsdiDescriptor, access) == 128 ? 1 : -1];
typedef char
    osdi_layout_of_descriptor[sizeof(OsdiDescriptor) == (PSI_OSDI >= 4 ? 360 : 240) ? 1 : -1];
