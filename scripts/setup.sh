#!/usr/bin/env bash
# Installs what the program needs from the distribution (tried on Debian 12), finds or builds an
# ngspice that runs compiled device models, then configures and builds. Running it again only builds
# what has changed.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  g++ cmake ninja-build git
  libeigen3-dev libcli11-dev nlohmann-json3-dev libspdlog-dev libfmt-dev libceres-dev
  libsundials-dev libsuitesparse-dev libssl-dev libngspice0-dev libgtest-dev libbenchmark-dev
  libtorch-dev libopenblas0-pthread
  gnuplot-nox adms
)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "setup: expected apt-get to install ${missing[*]}, found no such program" >&2
    exit 1
  fi
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo -v; then
      echo "setup: expected root or sudo to install ${missing[*]}, found neither" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "setup: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

# Everything but compiled device models works without it.
scripts/ngspice_osdi.sh >/dev/null || echo "setup: no ngspice with OSDI: compiled models are not simulated" >&2

cmake --preset release
cmake --build --preset release
