#!/usr/bin/env bash
# Installs what psi needs from the distribution (Debian 12 or 13), then configures and builds it.
# Running it again only builds what has changed.
#
#   setup.sh                  psi and its worker
#   setup.sh --all [options]  also psi_trainer (LibTorch), the tests, and an ngspice that runs
#                             compiled models; options go to CMake
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

if [ "${1:-}" = --all ]; then
  shift
  install_packages setup "${program_packages[@]}" "${trainer_packages[@]}" "${test_packages[@]}"
  # Everything but compiled device models works without it.
  scripts/ngspice_osdi.sh >/dev/null ||
    echo "setup: no ngspice with OSDI: compiled models are not simulated" >&2
  cmake --preset release -DPSI_TRAINER=ON -DPSI_PYTHON=ON -DPSI_BUILD_TESTS=ON "$@"
  cmake --build --preset release
elif [ $# -eq 0 ]; then
  install_packages setup "${program_packages[@]}"
  # A folder that has the trainer and the tests keeps them.
  if [ -f build/release/CMakeCache.txt ]; then
    cmake --preset release
  else
    cmake --preset release -DPSI_TRAINER=OFF -DPSI_PYTHON=OFF -DPSI_BUILD_TESTS=OFF
  fi
  cmake --build --preset release --target programs
else
  echo "setup: expected --all or nothing, found \"$1\"" >&2
  exit 1
fi
