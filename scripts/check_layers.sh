#!/usr/bin/env bash
# Fails where a file includes a folder that docs/architecture.md does not allow it, where LibTorch
# is included outside the folders marked so, where a folder is missing from the table, and where the
# table itself lets a folder include one that stands below it.
#
# Usage: check_layers.sh [root of the tree to look at]
set -euo pipefail
cd "$(dirname "$0")/.."
root=${1:-.}

# Every include as "<file>:<line>:<included file>"; a header of the library is its folder's.
includes() {
  (cd "$root" && grep -rnE '^#include ["<]' src include --include='*.cpp' --include='*.hpp' || true) |
    sed -nE 's/^([^:]+:[0-9]+):#include ["<]([^">]+)[">].*/\1:\2/p'
}

includes | awk -F: -v table=docs/architecture.md '
  function folder(path) {
    sub(/^src\//, "", path); sub(/^include\//, "", path); sub(/^psi_xlstm\//, "", path)
    return path ~ /\// ? gensub_dir(path) : ""
  }
  function gensub_dir(path) { sub(/\/[^\/]*$/, "", path); return path }
  function complain(text) { print text; failed = 1 }
  BEGIN {
    while ((getline line < table) > 0) {
      if (line !~ /^\| `/) continue
      split(line, cell, "|")
      gsub(/[ `]/, "", cell[2]); gsub(/ /, "", cell[4])
      known[cell[2]] = 1
      torch[cell[2]] = cell[5] ~ /LibTorch/
      count = split(cell[4], names, ",")
      for (i = 1; i <= count; ++i) {
        if (!(names[i] in known)) complain(table ": " cell[2] " may not include " names[i] ", which does not stand above it")
        allowed[cell[2], names[i]] = 1
      }
    }
  }
  {
    mine = folder($1)
    if (!(mine in known)) { if (!(mine in missing)) complain($1 ": folder " mine " is not in the table of " table); missing[mine]; next }
    if ($3 ~ /^(torch|ATen|c10)\//) {
      if (!torch[mine]) complain($1 ":" $2 ": folder " mine " must not include LibTorch")
      next
    }
    used = folder($3)
    if (used == "" || !(used in known) || used == mine) next
    if (!((mine, used) in allowed)) complain($1 ":" $2 ": folder " mine " must not include " used)
  }
  END { exit failed }
'
