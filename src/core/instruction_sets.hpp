#pragma once

/// @file
/// PSI_INSTRUCTION_SETS before a function compiles it for AVX-512, AVX2 and the baseline; the right
/// one is chosen when the program starts. Only for files that hold plain arrays and nothing else:
/// an inline function of a library compiled there for AVX-512 could be the copy that the linker
/// keeps for the whole program. The sanitizers do not know such functions.

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define PSI_INSTRUCTION_SETS \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PSI_INSTRUCTION_SETS
#endif
