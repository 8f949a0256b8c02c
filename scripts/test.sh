#!/usr/bin/env bash
# Builds the program and runs all tests.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
ctest --preset release --parallel 2
