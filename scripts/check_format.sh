#!/usr/bin/env bash
# Fails where a source file is not formatted as clang-format 14 does it with the tree's .clang-format.
# Another version formats differently: where the distribution has no clang-format 14, this says so
# and checks nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

formatter() {
  local name
  for name in clang-format-14 clang-format; do
    if "$name" --version 2>/dev/null | grep -q 'version 14\.'; then echo "$name"; return 0; fi
  done
  return 1
}

if ! formatter >/dev/null; then
  if [ -z "$(apt-cache policy clang-format-14 2>/dev/null)" ]; then
    echo "format: not checked: this distribution has no clang-format 14"
    exit 0
  fi
  install_packages format clang-format-14
fi
find apps include python src tests \( -name '*.cpp' -o -name '*.hpp' \) -print0 |
  xargs -0 -P 2 -n 40 "$(formatter)" --dry-run --Werror
echo "format: as clang-format 14 does it"
