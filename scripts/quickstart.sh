#!/usr/bin/env bash
# Builds the program, then goes from the published waveforms to a verified compact model. Where the
# distribution's ngspice runs no compiled models, the report comes first and says so; then one that
# does is built, once (some minutes), and the report is completed.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
build/release/psi run configs/quickstart.json
if ! scripts/ngspice_osdi.sh --find >/dev/null 2>&1; then
  echo "quickstart: the compiled model is not verified yet, as this ngspice runs none (no OSDI)." \
    "Building one that does; the report is there meanwhile, and Ctrl-C leaves this for later."
  scripts/ngspice_osdi.sh >/dev/null
  build/release/psi run configs/quickstart.json
fi
