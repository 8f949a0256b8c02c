#!/usr/bin/env bash
# The layer rule must fail on a tree that breaks it, and name the line.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/include/psi_xlstm/ir" "$tree/src/ir"
check() { "$here/../scripts/check_layers.sh" "$tree"; }

# Fails unless the check fails with the line $1.
expect_failure() {
  local output
  if output=$(check); then
    echo "expected a failure with \"$1\", found none"
    exit 1
  fi
  grep -qF "$1" <<<"$output" || { echo "expected \"$1\", found \"$output\""; exit 1; }
}

echo '#include "psi_xlstm/core/error.hpp"' >"$tree/include/psi_xlstm/ir/good.hpp"
check
echo '#include "fit/train.hpp"' >"$tree/src/ir/bad.cpp"
expect_failure 'src/ir/bad.cpp:1: folder ir must not include fit'
echo '#include <torch/torch.h>' >"$tree/src/ir/bad.cpp"
expect_failure 'src/ir/bad.cpp:1: folder ir must not include LibTorch'
rm "$tree/src/ir/bad.cpp"
mkdir "$tree/src/attic"
echo '#include "core/rng.hpp"' >"$tree/src/attic/new.cpp"
expect_failure 'folder attic is not in the table'
