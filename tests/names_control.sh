#!/usr/bin/env bash
# The rule of names must fail on a tree that breaks it, and name both places.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/src/a" "$tree/src/b" "$tree/include" "$tree/apps"
define() { printf 'namespace psi_xlstm {\n%s\nstruct Same {\n};\n%s\n}  // namespace psi_xlstm\n' "$2" "$3" >"$tree/$1"; }

define src/a/one.hpp '' ''
define src/b/two.cpp 'namespace {' '}  // namespace'
"$here/../scripts/check_names.sh" "$tree"
define src/b/two.cpp '' ''
if output=$("$here/../scripts/check_names.sh" "$tree"); then
  echo "expected a failure, found none"
  exit 1
fi
grep -qF 'src/b/two.cpp:3: psi_xlstm::Same is defined in src/a/one.hpp too' <<<"$output" || { echo "$output"; exit 1; }
