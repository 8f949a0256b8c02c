#!/usr/bin/env bash
# Fails where a module includes one that it must not know. Each line: a module, then what it may
# include beside itself.
set -euo pipefail
cd "$(dirname "$0")/.."

allowed() {
  case "$1" in
    core) echo "" ;;
    config) echo "core" ;;
    metrics) echo "core" ;;
    data) echo "core config metrics" ;;
    kernels) echo "core" ;;
    ir) echo "core kernels" ;;
    fit) echo "core config data metrics ir" ;;
    tau) echo "core config data metrics ir fit" ;;
    hdl) echo "core config ir" ;;
    spice) echo "core config metrics ir hdl" ;;
    report) echo "core metrics" ;;
    equations) echo "core kernels" ;;
    models) echo "core config equations kernels" ;;
    compression) echo "core config equations kernels models" ;;
    training) echo "core config metrics data kernels fit equations models compression" ;;
    experiments) echo "core config metrics data kernels ir fit tau hdl spice report equations models compression training" ;;
    *) echo "UNKNOWN" ;;
  esac
}

root=${1:-.}
failed=0
for folder in "$root"/include/psi_xlstm/*/ "$root"/src/*/; do
  module=$(basename "$folder")
  may=" $module $(allowed "$module") "
  if [ "$may" = " $module UNKNOWN " ]; then
    echo "$folder: module $module is not in the table of $0"
    failed=1
  fi
  while IFS=: read -r file line text; do
    used=$(sed -E 's|.*"psi_xlstm/([a-z]+)/.*|\1|' <<<"$text")
    case "$may" in
      *" $used "*) ;;
      *) echo "$file:$line: module $module must not include $used"; failed=1 ;;
    esac
  done < <(grep -rn '#include "psi_xlstm/' "$folder" || true)
done
exit $failed
