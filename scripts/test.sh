#!/usr/bin/env bash
# Builds all programs and runs all tests: format and layers, everything once, then kernels, model
# and training again with each slower instruction set that this processor has. Arguments go to CMake.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/check_format.sh
scripts/setup.sh --all "$@"
# Where there is an ngspice with OSDI, a test of a compiled model may not be left out.
if scripts/ngspice_osdi.sh --find >/dev/null; then export PSI_REQUIRE_OSDI=1; fi
# The same of the other simulators, where they can be had.
if scripts/simulators.sh; then
  export PSI_REQUIRE_SIMULATORS=1
else
  echo "test: without other simulators" >&2
fi

processor_has() {
  local flag
  for flag in "$@"; do grep -qw "$flag" /proc/cpuinfo || return 1; done
}
slower_sets=()
if processor_has avx2 fma; then slower_sets+=(baseline); fi
if processor_has avx2 fma avx512f avx512dq avx512bw avx512vl; then slower_sets+=(avx2); fi
for set in "${slower_sets[@]}"; do
  echo "test: with PSI_INSTRUCTION_SET=$set"
  PSI_INSTRUCTION_SET=$set ctest --preset release --parallel 2 -L '^(kernels|model|training)$'
done
ctest --preset release --parallel 2
