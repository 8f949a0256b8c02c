#include "hdl/osdi/evaluation_text.hpp"

#include <fmt/format.h>

namespace psi_xlstm::hdl {

std::string evaluation_function(const std::string& body) {
  constexpr const char* kArguments =
      "(const double *v, const double *c, double *value, double *slope)";
  std::string text = fmt::format("\nPSI_INLINE void evaluate_body{} {{\n", kArguments);
  text += "  (void)v, (void)c, (void)slope;\n" + body + "}\n\n";
  text += fmt::format(
      "static void evaluate_anywhere{} {{\n  evaluate_body(v, c, value, slope);\n}}\n", kArguments);
  text += fmt::format(R"(
#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void evaluate_avx2{0} {{
  evaluate_body(v, c, value, slope);
}}

static void (*evaluate_network){0} = evaluate_anywhere;

__attribute__((constructor)) static void choose_instructions(void) {{
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {{
    evaluate_network = evaluate_avx2;
  }}
}}
#else
#define evaluate_network evaluate_anywhere
#endif
)",
                      kArguments);
  return text;
}

}  // namespace psi_xlstm::hdl
