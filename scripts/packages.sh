# Sourced by the other scripts: installs packages of the distribution (Debian 12 and 13).

# What psi and its worker need, and what it calls: gnuplot for figures, adms to parse Verilog-A.
program_packages=(
  g++ cmake ninja-build git
  libeigen3-dev libcli11-dev nlohmann-json3-dev libspdlog-dev libfmt-dev libceres-dev
  libsundials-dev libsuitesparse-dev libssl-dev zlib1g-dev libngspice0-dev
  gnuplot-nox adms
)
trainer_packages=(libtorch-dev libopenblas0-pthread libbenchmark-dev)
# The Python module and what its tests run.
test_packages=(libgtest-dev python3-dev python3-numpy python3-pytest pybind11-dev)

# Whether the package $1 is installed.
installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]; }

# install_packages <name of the script> <package ...>: installs those that are missing.
install_packages() {
  local script=$1 package missing=() as_root=()
  shift
  for package in "$@"; do installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null; then
    echo "$script: expected apt-get to install ${missing[*]}, found no such program" >&2
    return 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo -v; then
      echo "$script: expected root or sudo to install ${missing[*]}, found neither" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "$script: installing ${missing[*]}" >&2
  "${as_root[@]}" apt-get update -qq >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends "${missing[@]}" >&2
}
