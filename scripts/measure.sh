#!/usr/bin/env bash
# Measures every number of docs/measurements.md, on this machine with the programs of build/release (or PSI):
#
#     scripts/measure.sh [name ...]     # all, or those named; about an hour on two idle cores
#
# Each leaves results/bench/<name>.json; scripts/readme_tables.py writes them into the pages. Measured
# devices are not part of this tree: DEVICES names a folder with their files (the graphene oxide
# ones: doi 10.6084/m9.figshare.31407306); without it their results stay as they are.
set -euo pipefail
cd "$(dirname "$0")/.."
psi=${PSI:-build/release/psi}

# A study by its config, into results/<name>; exit code 2 (a criterion was missed) is a result too.
study() {
  local name=$1
  shift
  "$psi" "$@" --out "results/$name" || [ $? = 2 ]
  "$psi" bench runs "results/$name"
}

# A measured device by the pattern of its file.
device() {
  local name=$1 pattern=$2 files
  shift 2
  files=("${DEVICES:-/nowhere}"/$pattern)
  if [ -f "${files[0]}" ]; then study "$name" fit "${files[0]}" "$@"; else echo "left as it is"; fi
}

measure() {
  case $1 in
    quickstart | known_start_compact | known_start_unseen | vteam | mem3 | known_start | published | ablation)
      study "$1" run "configs/$1.json" ;;
    known_start_other_seeds) study "$1" run configs/known_start.json --seeds 1,7,99 ;;
    go_pei3) device "$1" 'go_pei3*.csv' --split 1-6/7-8/9-11 --continuous ;;
    go_pei4) device "$1" 'go_pei4*.csv' --split 1-6/7-8/9-11 --continuous ;;
    knowm_100hz) device "$1" 'knowm*100Hz*.csv' ;;
    knowm_10hz) device "$1" 'knowm*10Hz*.csv' ;;
    train | spice | forms | tau) "$psi" bench "$1" || [ $? = 2 ] ;;
    *) echo "measure.sh: expected one of: ${all[*]}; found $1" >&2; exit 1 ;;
  esac
}

all=(train spice forms quickstart known_start_compact known_start_unseen vteam mem3 go_pei3 go_pei4 knowm_100hz knowm_10hz
     known_start known_start_other_seeds published ablation tau)
for name in "${@:-${all[@]}}"; do
  echo "== $name"
  measure "$name"
done
scripts/readme_tables.py
