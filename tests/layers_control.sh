#!/usr/bin/env bash
# The layer rule must fail on a tree that breaks it, and name the line.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/include/psi_xlstm/ir" "$tree/src/ir"
echo '#include "psi_xlstm/core/error.hpp"' >"$tree/include/psi_xlstm/ir/good.hpp"
"$here/../scripts/check_layers.sh" "$tree"
echo '#include "psi_xlstm/fit/train.hpp"' >"$tree/src/ir/bad.cpp"
if output=$("$here/../scripts/check_layers.sh" "$tree"); then
  echo "expected a failure, found none"
  exit 1
fi
grep -q 'src/ir/bad.cpp:1: module ir must not include fit' <<<"${output//\/\//\/}"
