#!/usr/bin/env bash
# Builds the program and runs all tests.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh --all
# Where there is an ngspice with OSDI, a test of a compiled model may not be left out.
if scripts/ngspice_osdi.sh --find >/dev/null; then export PSI_REQUIRE_OSDI=1; fi
ctest --preset release --parallel 2
