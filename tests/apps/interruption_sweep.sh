#!/usr/bin/env bash
# Interrupts runs at random moments, gives the same command again until it ends, and compares every
# file with those of a run that nobody interrupted:
#
#   tests/apps/interruption_sweep.sh <folder of psi> [SIGKILLs] [SIGINTs] [seed]
#
# half of each in the quickstart, half in a small study of networks (where psi_trainer was built).
# Durations are the only thing that may differ (timings.json, tables/latency.*). Nothing may be left
# behind: no process, no folder for temporary files.
set -euo pipefail
programs=$(cd "$1" && pwd)
kills=${2:-200} interrupts=${3:-50}
RANDOM=${4:-7}
psi=$programs/psi
configs=$(cd "$(dirname "$0")/../../configs" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export TMPDIR=$work/tmp
mkdir "$TMPDIR"

fail() { echo "interruption_sweep: $*" >&2; exit 1; }

# A few steps of each kind of network, on the data of the known-start study.
cat >networks.json <<'END'
{
  "kind": "networks", "study": "networks", "protocol": "known_start", "seeds": [42],
  "networks": [
    {"name": "teacher", "optimizer": "soap", "physics": 1,
     "phases": [{"steps": 40, "learning_rate": 5e-3, "decimation": 64, "samples": 600}]},
    {"name": "clustering", "optimizer": "soap", "physics": 1, "tie_after": 0.3,
     "distillation": {"alpha": 1e-3, "beta": 1e-3, "gamma": 1e-2},
     "phases": [{"steps": 40, "learning_rate": 5e-3, "decimation": 64, "samples": 600}]}
  ],
  "compact": {"student": {"states": 1, "features": 3}}
}
END
cp "$configs/quickstart.json" quickstart.json

sums() {
  (cd "$1" && find . -type f ! -name timings.json ! -name 'latency.*' ! -path ./manifest.json -print0 |
    sort -z | xargs -0 sha256sum)
}

# The wall time of a whole run in milliseconds, and its sums in <study>.sums.
declare -A duration
studies=(quickstart)
[ -x "$programs/psi_trainer" ] && studies+=(networks)
for study in "${studies[@]}"; do
  start=$(date +%s%N)
  code=0
  "$psi" run $study.json --out "whole_$study" >/dev/null 2>"$study.log" || code=$?
  [ $code -eq 0 ] || [ $code -eq 2 ] || fail "$study: $(tail -n 1 "$study.log")"
  echo $code >$study.code
  duration[$study]=$((($(date +%s%N) - start) / 1000000))
  sums "whole_$study" >$study.sums
  echo "interruption_sweep: $study: ${duration[$study]} ms whole" >&2
done

# Those that have the folder for temporary files in their environment, by their numbers.
processes() {
  local files file
  files=$(env -u TMPDIR bash -c 'grep -lsz "^TMPDIR=$1\$" /proc/[0-9]*/environ || true' bash "$TMPDIR")
  for file in $files; do basename "$(dirname "$file")"; done
}
sleep 60 &
[ "$(processes)" = $! ] || fail "expected process $! to be found, found \"$(processes)\""
kill $!

# Sends <signal> to a run after a random part of its whole time, then runs it to its end.
interrupt() {
  local signal=$1 study=$2 out=interrupted code=0 pid
  rm -rf $out
  "$psi" run $study.json --out $out >/dev/null 2>log &
  pid=$!
  sleep "$(awk -v ms="${duration[$study]}" -v r=$RANDOM 'BEGIN { printf "%.3f", ms / 1000 * r / 32768 }')"
  kill "-$signal" $pid 2>/dev/null || true
  wait $pid 2>/dev/null || code=$?
  case $signal/$code in
    KILL/137 | INT/130 | KILL/0 | KILL/2 | INT/0 | INT/2) ;;
    *) fail "$study: SIG$signal ended it with $code: $(tail -n 1 log)" ;;
  esac
  if [ "$signal" = INT ] && [ -n "$(ls -A "$TMPDIR")" ]; then fail "$study: left $(ls "$TMPDIR")"; fi
  code=0
  "$psi" run $study.json --out $out >/dev/null 2>log || code=$?
  [ $code -eq "$(cat $study.code)" ] || fail "$study: taken up, it ended with $code: $(tail -n 1 log)"
  sums $out | cmp -s - $study.sums || fail "$study: other bytes: $(sums $out | diff - $study.sums | head -n 3)"
  [ -z "$(ls -A "$TMPDIR")" ] || fail "$study: left $(ls "$TMPDIR")"
  [ -z "$(processes)" ] || fail "$study: left $(ps -o args= -p "$(processes | paste -sd ,)")"
}

same=0
for ((n = 0; n < kills + interrupts; ++n)); do
  signal=$([ $n -lt "$kills" ] && echo KILL || echo INT)
  interrupt "$signal" "${studies[n % ${#studies[@]}]}"
  same=$((same + 1))
  if ((same % 10 == 0)); then echo "interruption_sweep: $same of $((kills + interrupts)) the same" >&2; fi
done
echo "interruption_sweep: $kills SIGKILLs and $interrupts SIGINTs, the same bytes $same times, nothing left" >&2
