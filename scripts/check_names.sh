#!/usr/bin/env bash
# Fails where two files define a class, struct or enum of one name in one namespace: a program that
# links both would take either. What is in a nameless namespace is its file's own.
#
# Usage: check_names.sh [root of the tree to look at]
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

find src include apps -name '*.hpp' -o -name '*.cpp' | sort | xargs awk '
  FNR == 1 { depth = 0 }
  /^namespace .*\{$/ {
    name = $0; sub(/^namespace /, "", name); sub(/ ?\{$/, "", name)
    space[++depth] = name == "" ? "nameless" : name; next
  }
  /^namespace \{$/ { space[++depth] = "nameless"; next }
  /^\}.*\/\/ namespace/ { --depth; next }
  /^(class|struct|enum|enum class) [A-Za-z_0-9]+/ && !/;$/ && !/</ && !/^[a-z ]+ [A-Za-z_0-9]+::/ {
    where = ""
    for (i = 1; i <= depth; ++i) { if (space[i] == "nameless") next; where = where space[i] "::" }
    name = $0; sub(/^(enum class|class|struct|enum) /, "", name); sub(/[^A-Za-z_0-9].*/, "", name)
    type = where name
    if (type in file && file[type] != FILENAME) {
      print FILENAME ":" FNR ": " type " is defined in " file[type] " too"; failed = 1
    }
    file[type] = FILENAME
  }
  END { exit failed }
'
