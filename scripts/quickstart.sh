#!/usr/bin/env bash
# Builds the program, then goes from the published waveforms to a verified compact model.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
build/release/psi run configs/quickstart.json
