#!/usr/bin/env bash
# Installs the build folder $1 into a fresh place, builds the example against it with the compiler
# $2, and compares what it predicts with what the installed psi does, from a folder of its own.
set -euo pipefail
build=$1 compiler=$2
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cmake --install "$build" --prefix "$folder/usr" >/dev/null
cmake -G Ninja -S "$here/example" -B "$folder/build" -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_PREFIX_PATH="$folder/usr" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
cmake --build "$folder/build" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }

for file in man/man1/psi.1 bash-completion/completions/psi zsh/site-functions/_psi \
            fish/vendor_completions.d/psi.fish; do
  [ -s "$folder/usr/share/$file" ] || { echo "FAILED: expected the file $file"; exit 1; }
done

# No public header needs a private one, or a library that users were not told of.
for header in $(cd "$folder/usr/include" && find . -name '*.hpp'); do
  echo "#include \"$header\"" | "$compiler" -std=c++20 -fsyntax-only -I "$folder/usr/include" -x c++ -
done
echo '#include <psi_xlstm/psi_model.h>' |
  cc -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$folder/usr/include" -x c -

cd "$folder"
psi=$folder/usr/bin/psi
# Three records of a conductance that moves with the voltage.
awk 'BEGIN {
  print "record,time_s,voltage_V,current_A"
  for (r = 1; r <= 3; r++) {
    x = 0.1 * r
    for (k = 0; k < 400; k++) {
      t = k * 1e-6
      V = sin(6.283185307 * (4 + r) * 1e3 * t) + 0.4 * sin(6.283185307 * 11e3 * t)
      z = V > 0 ? 0.9 : 0.1
      printf "%d,%.9g,%.9g,%.9g\n", r, t, V, 1e-4 * exp(2 * x) * V
      x += 1e-6 * 6e3 * (0.1 + V * V) * (z - x)
    }
  }
}' >device.csv
"$psi" fit device.csv --states 1 --features 2 --no-tau --out run >log 2>&1 || true  # good or bad
model=run/model.safetensors
[ -s "$model" ] || { echo "FAILED: expected a model of psi fit"; cat log; exit 1; }
awk 'BEGIN {
  print "time_s,voltage_V"
  for (k = 0; k < 200; k++) printf "%.9g,%.9g\n", k * 5e-8, sin(k * 0.05)
}' >drive.csv

build/example "$model" drive.csv emitted >example.txt
"$psi" predict "$model" drive.csv >psi.csv 2>/dev/null
awk 'NR == FNR { if (NF == 3 && $1 ~ /^[0-9]/) current[n++] = $3; next }
  FNR > 1 { split($0, cell, ","); d = current[m] - cell[3]; if (d < 0) d = -d
    if (d > 1e-8 * (cell[3] < 0 ? -cell[3] : cell[3]) + 1e-15) { print "FAILED: " current[m] " against " $0; exit 1 } m++ }
  END { if (n != 200 || m != 200) { print "FAILED: expected 200 samples, found " n " and " m; exit 1 } }' \
  example.txt psi.csv
# In C, sample by sample: what psi predicts, digit by digit.
awk -F, 'NR > 1 { print $1, $2 }' drive.csv >drive.txt
"$psi" predict "$model" drive.csv --g0 2e-4 2>/dev/null | awk -F, 'NR > 1 { printf "%.17g\n", $3 }' >psi.txt
build/steps "$model" 2e-4 <drive.txt >steps.txt || { echo "FAILED: the example in C"; exit 1; }
grep -v state steps.txt | cmp - psi.txt || { echo "FAILED: the steps in C differ from psi predict"; exit 1; }
[ "$(grep -c state steps.txt)" = 1 ] || { echo "FAILED: expected one state"; cat steps.txt; exit 1; }
build/steps nothing.safetensors 1 2>nothing.txt </dev/null && { echo "FAILED: nothing.safetensors was taken"; exit 1; }
grep -q '^steps: nothing.safetensors: expected' nothing.txt || { echo "FAILED:"; cat nothing.txt; exit 1; }
for form in va sp c osdi; do
  [ -s "emitted/example_device.$form" ] || { echo "FAILED: expected example_device.$form"; exit 1; }
done
# A config that came with psi is found from any folder; another path is not made up.
sed 's/"states": 1/"states": -1/' "$folder/usr/share/psi_xlstm/configs/quickstart.json" >wrong.json
cp wrong.json "$folder/usr/share/psi_xlstm/configs/wrong.json"
"$psi" run configs/wrong.json 2>wrong.txt && { echo "FAILED: -1 states were taken"; exit 1; }
grep -q 'share/psi_xlstm/configs/wrong.json: /fit/student/states' wrong.txt || { echo "FAILED:"; cat wrong.txt; exit 1; }
"$psi" run configs/nothing.json 2>nothing.txt && { echo "FAILED: nothing.json was found"; exit 1; }
grep -q '^psi: error: configs/nothing.json' nothing.txt || { echo "FAILED:"; cat nothing.txt; exit 1; }
"$psi" info >info.txt
grep -q 'compiled models (OSDI): ' info.txt || { echo "FAILED: the installed psi does not find its worker"; cat info.txt; exit 1; }
echo "installed, built against, used"
