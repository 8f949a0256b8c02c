#!/usr/bin/env bash
# The program psi as a user meets it: exit codes, one-sentence messages, and what is left on disk.
# PSI names the program; PSI_NGSPICE_WORKER the worker where it is not beside it.
set -euo pipefail
: "${PSI:?expected the path of the program psi}"
PSI=$(realpath "$PSI")
stored=$(realpath "$(dirname "$0")/../golden/stored_0.1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() {
  echo "FAILED: $*"
  echo "--- standard output"; head -40 stdout
  echo "--- standard error"; head -40 stderr
  exit 1
}

# The lines of standard error that are no progress and not the pointer to --help.
messages() {
  grep -v -E '^(data|fit|train|choose|estimate|time constants|co-simulate|report): |^Run with --help for more information\.$' \
    stderr || true
}

# run <exit code> <command...>
run() {
  local wanted=$1 code=0
  shift
  printf '%s\n' "psi ${*//$PSI/}" | cut -c1-100
  timeout "${PSI_COMMAND_SECONDS:-60}" "$@" >stdout 2>stderr </dev/null || code=$?
  [ "$code" = "$wanted" ] || fail "expected exit code $wanted, found $code"
}

# refuses <text> <arguments of psi...>: exit code 1, no standard output, one line with <text>.
refuses() {
  local text=$1
  shift
  run 1 timeout 20 "$PSI" "$@"
  [ ! -s stdout ] || fail "expected nothing on standard output"
  [ "$(messages | wc -l)" = 1 ] || fail "expected one line on standard error"
  messages | grep -q -F -e "$text" || fail "expected a message with: $text"
}

has() { grep -q -F -e "$2" "$1" || fail "expected in $1: $2"; }
exists() { for file in "$@"; do [ -s "$file" ] || fail "expected the file $file"; done; }
absent() { for file in "$@"; do [ ! -e "$file" ] || fail "expected no file $file"; done; }
error_lines() { grep -c '^psi: error: ' stderr || true; }

# Three records of a conductance that moves with the voltage, 400 samples of 1 us.
device() {
  awk 'BEGIN {
    print "record,time_s,voltage_V,current_A"
    for (r = 1; r <= 3; r++) {
      x = 0.1 * r
      for (k = 0; k < 400; k++) {
        t = k * 1e-6
        V = sin(6.283185307 * (4 + r) * 1e3 * t) + 0.4 * sin(6.283185307 * 11e3 * t)
        I = 1e-4 * exp(2 * x) * V + 1e-6 * sin(12345.678 * k * k)
        z = V > 0 ? 0.9 : 0.1
        x += 1e-6 * 6e3 * (0.1 + V * V) * (z - x)
        printf "%d,%.9g,%.9g,%.9g\n", r, t, V, I
      }
    }
  }'
}
device >device.csv
printf 't,v\n0,0.5\n1e-6,0.6\n2e-6,0.7\n' >inside.csv
printf 't,v\n0,0.5\n1e-6,50\n2e-6,0.7\n' >outside.csv
small=(--states 1 --features 3)

echo "== help and subcommands"
run 0 "$PSI" --help
for command in run look fit predict data emit cosim check tau bench info config completion manual; do
  has stdout "  $command "
  run 0 "$PSI" "$command" --help
  tail -3 stdout | grep -q "^  psi " || fail "expected that the help ends with an example"
  run 0 "$PSI" --help
done
for command in train tau spice runs; do
  run 0 "$PSI" bench "$command" --help
  tail -3 stdout | grep -q "^  psi " || fail "expected that the help ends with an example"
done
run 0 "$PSI" --version
run 0 "$PSI" info
has stdout "ngspice"
refuses "subcommand" frobnicate
refuses 'found "fti"; the nearest is fit' fti
refuses 'found "--thread"; the nearest is --threads' fit device.csv --thread 2
refuses "expected no further argument, found \"more\"" info device.csv more
refuses "--out: expected a value, found fewer" fit device.csv --out
refuses "--out: expected it once" fit device.csv --out a --out b
refuses "--noise: expected a number from 0" data mem3 --noise inf --out x.csv
refuses "subcommand"
for command in run look fit predict data emit cosim check; do
  refuses "psi $command: expected the argument " "$command"
done

echo "== completion and manual page, of the same description"
for shell in bash zsh fish; do
  run 0 "$PSI" completion $shell
  for word in fit cosim noise split design; do has stdout "$word"; done
done
run 0 "$PSI" completion bash
cp stdout completion.bash
# completes <words...>: what bash would offer for the last word.
completes() {
  bash -c 'source ./completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }
    _psi; printf "%s\n" "${COMPREPLY[@]}"' - psi "$@"
}
[ "$(completes pre)" = predict ] || fail "expected the completion of a command"
[ "$(completes fit --spl)" = --split ] || fail "expected the completion of an option"
[ "$(completes bench sp)" = spice ] || fail "expected the completion of a command of a command"
[ "$(completes data --part val)" = validation ] || fail "expected the completion of a value"
[ "$(completes tau --start b)" = 'by\ evidence' ] || fail "expected a value with a blank"
[ "$(completes fit --correct offset,)" = offset,skew ] || fail "expected a value with a comma"
completes fit devi | grep -q '^device.csv$' || fail "expected the completion of a file"
refuses 'expected one of bash, zsh, fish, found "csh"' completion csh
run 0 "$PSI" manual
for text in '.TH PSI 1' '.SS psi bench spice' '\-\-split' '.SH EXIT STATUS'; do has stdout "$text"; done

echo "== files that are no data"
: >empty.csv
printf 'a,b,c\n1,2,3\n' >columns.csv
printf 'time_s,voltage_V,current_A\n' >header.csv
sed '50s/,[^,]*$/,nan/' device.csv >nan.csv
awk -F, -v OFS=, 'NR == 60 { $2 = 0 } { print }' device.csv >back.csv
sed '1s/.*/record,time_s,v1,v2/' device.csv >ports.csv
head -40 device.csv >short.csv
truncate -s 2G garbage
mkdir a_folder
refuses "nowhere.csv: expected a readable data file, found: " fit nowhere.csv
refuses "data vteam: expected no --tau, an option of mem3 and stretched" data vteam --tau 1ms --out x.csv
refuses "mem3: expected at least 4 samples in a period of the carrier of 100000 Hz, found 1000 per" \
  data mem3 --sample-rate 1000 --out x.csv
refuses "data mem3: expected no --beta, an option of stretched" data mem3 --beta .5 --out x.csv
refuses "--voltage: expected a text, found none" look nowhere.csv --voltage ""
refuses "--out: expected a text, found none" fit nowhere.csv --out ""
refuses "--out: expected a text, found none" data mem3 --out ""
refuses "found both" fit nowhere.csv --quiet --verbose
refuses "expected a subcommand (" bench foo
has stderr 'found "foo"'
refuses "a_folder: expected a data file, found a directory" fit a_folder
refuses "empty.csv: expected a header line such as" fit empty.csv
refuses "columns.csv:1: expected a time column such as time_s" fit columns.csv
refuses "header.csv:1: expected samples below the header" fit header.csv
refuses "nan.csv:50: column \"current_A\": expected a finite number, found \"nan\"" fit nan.csv
refuses "back.csv:60: column \"time_s\": expected a time that increases" fit back.csv
refuses "ports.csv:1: expected one voltage column (more than one port" fit ports.csv
refuses "expected at least 50 samples, found 39" fit short.csv
refuses "garbage:1: expected plain text, found a NUL byte" fit garbage
refuses "found \"device\" twice" fit device.csv device.csv
absent results/empty/metrics.json results/nan/metrics.json

echo "== what a file holds"
run 0 "$PSI" look device.csv
has stdout "format    table of text, separated by commas"
has stdout "records   3"
has stdout "device/3"
has stdout "fit       psi fit device.csv"
run 0 "$PSI" look back.csv
has stdout "expected a time that increases"
awk -F, 'NR == 1 { print "x-axis,1,2"; print "second,Volt,Volt" } NR > 1 && NR < 400 { print $2 "," 1e4 * $4 "," 1e4 * $4 + $3 }' \
  device.csv >scope.csv
run 0 "$PSI" look scope.csv
has stdout "perhaps   psi fit scope.csv --shunt OHM --voltage 2-1 --current 1"
run 0 "$PSI" look scope.csv --shunt 10k --voltage 2-1 --current 1
has stdout "fit       psi fit scope.csv --voltage 2-1 --current 1 --shunt 10000"
gzip -k device.csv
run 0 "$PSI" look device.csv.gz
has stdout "separated by commas, gzip"
has stdout "records   3"
name='a  file with two blanks and a name that is longer than a line of a terminal is wide.csv'
cp device.csv "$name"
run 0 "$PSI" look "$name"
has stdout "psi fit '$name'"
cp device.csv ./-device.csv
run 0 "$PSI" look -- -device.csv
has stdout "psi fit ./-device.csv"
run 0 bash -c '"$0" look - <device.csv' "$PSI"
has stdout "psi fit /dev/stdin"
refuses "expected no time where --sweep-rate makes one, found" look device.csv --sweep-rate 1
refuses "nowhere.csv: expected a readable data file" look nowhere.csv
refuses "garbage:1: expected plain text" look garbage
refuses "--shunt" look scope.csv --shunt none --current 1
refuses "--shunt: expected --current" fit scope.csv --shunt 10
refuses "scope.csv:1: expected one voltage column" fit scope.csv

echo "== options that cannot be"
refuses "split \"1/2\": expected three parts" fit device.csv --split 1/2
refuses "split \"1/2/9\": expected records from 1 to 3, found 9" fit device.csv --split 1/2/9
refuses "split \"one/2/3\": expected records such as" fit device.csv --split one/2/3
refuses "--sign" fit device.csv --sign 0
refuses "--g0" fit device.csv --g0 -1
refuses "--noise" fit device.csv --noise 0
refuses "--states" fit device.csv --states 17
refuses "--features" fit device.csv --features 0
refuses "--threads" fit device.csv --threads 0
refuses "--frobnicate" fit device.csv --frobnicate
for seed in -1 1.5 2147483648 4294967297 9223372036854775807 9223372036854775808 18446744073709551617; do
  problem="expected a whole number in [0, 2147483647], found $seed"
  refuses "--seed: $problem" fit device.csv --seed "$seed"
  refuses "--seed: $problem" data mem3 --duration 1e-4 --seed "$seed" --out x.csv
  refuses "--seed: $problem" tau --design --tau 20us --seed "$seed" --out none
  refuses "--seeds: $problem" run study.json --seeds "1,$seed"
done
absent x.csv none
run 0 "$PSI" data mem3 --duration 1e-4 --seed 2147483647 --out large_seed.csv
# shellcheck disable=SC2016
for name in 'x; shell rm -rf' '$(touch touched)' '`touch touched`' '../up' 'µ' '1st' \
            "$(printf 'a%.0s' {1..200})"; do
  refuses "--name: expected a letter followed by" fit device.csv --name "$name"
done
absent touched results/x ../up
refuses "expected a folder to write to" fit device.csv "${small[@]}" --out device.csv/run
refuses "File name too long" fit device.csv "${small[@]}" --out "$(printf 'a%.0s' {1..300})"

echo "== files that never end, and what is no file"
mkfifo pipe
for file in /dev/zero pipe a_folder; do
  for command in run info emit check; do refuses "$file" "$command" "$file"; done
  refuses "$file: expected a data file, found " fit "$file"
  refuses "$file: expected a data file, found " tau "$file"
done
refuses "drive: expected a data file, found a pipe" data mem3 --pwl "$(mkfifo drive; echo drive)" --out x.csv
ln -s /dev/null to_nowhere
for file in /dev/null to_nowhere; do
  run 0 "$PSI" data mem3 --duration 1e-4 --out "$file"
  [ -c "$file" ] || fail "expected that $file stays a device"
done
[ -L to_nowhere ] || fail "expected that a link stays a link"
refuses "/dev/full: expected to write the file, found: No space left" data mem3 --duration 1e-4 \
  --out /dev/full
echo before >target.csv
ln -s target.csv link.csv
refuses "link.csv: expected no file" data mem3 --duration 1e-4 --out link.csv
run 0 "$PSI" data mem3 --duration 1e-4 --out link.csv --force
[ -L link.csv ] || fail "expected that a link stays a link"
[ "$(head -1 target.csv | cut -c1-6)" = time_s ] || fail "expected the data behind the link"
cat pipe >piped.csv &
run 0 "$PSI" data mem3 --duration 1e-4 --out pipe
wait
cmp piped.csv target.csv || fail "expected the data through the pipe"
echo "psi data to standard output"
"$PSI" data mem3 --duration 1e-4 --out /dev/stdout 2>stderr | head -n -1 >piped.csv
cmp piped.csv target.csv || fail "expected the data on standard output"

echo "== output that cannot be written"
for command in info --help --version "data mem3 --duration 1e-4 --out x.csv"; do
  # shellcheck disable=SC2086
  run 1 bash -c '"$0" "$@" >/dev/full' "$PSI" $command
  has stderr "standard output: expected to write all of it, found: No space left on device"
  # shellcheck disable=SC2086
  run 1 bash -c '"$0" "$@" >&-' "$PSI" $command
  has stderr "standard output: expected to write all of it, found: Bad file descriptor"
done
run 0 bash -c '"$0" data mem3 --duration 1e-4 --out silent.csv 2>&- <&-' "$PSI"
cmp silent.csv target.csv || fail "expected the data without standard error"

echo "== configs"
refuses "nowhere.json: expected a readable JSON file" run nowhere.json
echo '{"kind": "compact", "study": "two", "fits": 0, "bogus": 1, "cosim": {"limit": -1}, "seeds": "x"}' \
  >problems.json
run 1 "$PSI" run problems.json
for problem in "/fits: expected an integer in [1, 100], found 0" \
               "/bogus: expected one of the keys kind, study," \
               "/cosim/limit: expected a number in (0, 1000000], found -1" \
               "/seeds: expected a list, found \"x\""; do
  has stderr "problems.json: $problem"
done
run 1 "$PSI" check problems.json
[ "$(error_lines)" = 1 ] || fail "expected one sentence on standard error"
[ "$(grep -c '^problems.json: /' stdout)" = 4 ] || fail "expected four problems"
run 1 "$PSI" check problems.json --json
has stdout '"pointer": "/cosim/limit"'
echo '{"kind": "compact", "fit": {"strats": 3}, "data": {"source": "csvv"}}' >nearest.json
run 1 "$PSI" check nearest.json
has stdout '/fit/strats: expected one of the keys'
has stdout 'the nearest is "starts"'
has stdout 'the nearest is "csv"'
for kind in compact networks; do
  run 0 "$PSI" config --defaults $kind
  cp stdout "defaults_$kind.json"
  [ "$(awk 'length > 100' stdout | wc -l)" = 0 ] || fail "expected lines of at most 100 columns"
  run 0 "$PSI" check "defaults_$kind.json"
done
for kind in compact networks time_constants cosim; do
  run 0 "$PSI" config --schema $kind
  has stdout '"additionalProperties": false'
done
run 0 "$PSI" config --schema
has stdout '"oneOf"'
refuses "expected --defaults KIND or --schema, found neither" config
absent results/two
echo '{"kind": "compact", "study": "a b"}' >name.json
refuses "name.json: /study: expected a letter followed by" run name.json
echo '{"kind": "compact", "seeds": []}' >seeds.json
refuses "seed" run seeds.json --out no_seeds
echo '{"kind": "compact", "data": {"source": "csv"}}' >files.json
refuses "expected at least one file, found none" run files.json --out no_files
echo '{"kind": "compact", "study": "s", "cosim": {"max_step": 1e308, "frequency": 1e300}, "data": {"source": "csv",
  "mem3": {"g0": 1}}, "fit": {"seed": 9999999999}}' >beyond.json
run 1 "$PSI" run beyond.json
for problem in "/cosim/max_step: expected a number in [0, 1000000000], found 1e+308" \
               "/cosim/frequency: expected a number in [0, 1000000000000000], found 1e+300" \
               "/data/mem3: expected no such key with \"source\" \"csv\", found {\"g0\":1}" \
               "/fit/seed: expected an integer >= 0 that fits in 32 bits, found 9999999999"; do
  has stderr "beyond.json: $problem"
done
echo '{"study": "one", "study": "two"}' >twice.json
refuses "twice.json: expected every key once, found \"study\" twice" run twice.json
printf '%080000d' 0 | tr 0 '[' >deep.json
refuses "deep.json: expected at most 100 levels of nesting" run deep.json
echo '{' >broken.json
refuses "broken.json: expected JSON, found at line 2, column 1: unexpected end of input" run broken.json

echo "== a fit, and a check of it"
run 0 "$PSI" fit device.csv "${small[@]}" --out first
[ -z "$(messages)" ] || fail "expected no message"
has stdout "report: first/report.html"
# A title begins at the left, what goes on below it is set in.
[ "$(sed '/^$/,$d' stdout | grep -o '^[^ ]*' | tr -s '\n' ' ')" = "error model not " ] ||
  fail "expected the result first"
[ "$(sed '/^$/,$d' stdout | wc -L)" -le 100 ] || fail "expected the result within 100 columns"
has stdout "first/model.safetensors, first/hdl/device.{va,sp,c,osdi}"
too_wide() { sed 1,3d stdout | awk 'length > 100' | wc -l; }  # the result names paths
[ "$(too_wide)" = 0 ] || fail "expected tables of at most 100 columns"
exists first/{config,metrics,manifest,timings}.json first/report.html first/hdl/device.{va,sp,c,osdi,sym,kicad_sym,USE.md}
model=first/model.safetensors
cmp "$model" first/seed_11/fit_0/model.safetensors
run 0 "$PSI" check first
has stdout " 0 differences"
cp -r first edited
sed -i '0,/"mse_A2": /s//"mse_A2": 1/' edited/metrics.json
run 2 "$PSI" check edited
[ "$(error_lines)" = 1 ] || fail "expected one sentence on standard error"
has stdout "metrics.json: /models/0/test/mse_A2: expected "
cp -r first swapped
cp "$stored/teacher.safetensors" swapped/model.safetensors
run 2 "$PSI" check swapped
has stdout "swapped/model.safetensors: expected the model of "
cp -r first removed
rm removed/hdl/device.va
run 2 "$PSI" check removed
has stdout "hdl/device.va: expected by the manifest, found no such file"
mv device.csv away.csv
run 2 "$PSI" check first
[ "$(error_lines)" = 1 ] || fail "expected one sentence on standard error"
has stderr "error: not verified: "
has stderr "device.csv: expected the data file that this run was fitted to, found none"
mv away.csv device.csv
refuses "nowhere" check nowhere
refuses "psi check takes the JSON file of a study or the folder of a run" check device.csv
refuses "first/seed_11" check first/seed_11

echo "== how much is told"
run 0 "$PSI" fit device.csv "${small[@]}" --out first --quiet
[ ! -s stdout ] && [ ! -s stderr ] || fail "expected not a word"
run 0 "$PSI" fit device.csv "${small[@]}" --out first --quiet --json
for text in '"verdict": "passed"' '"first/model.safetensors"' '"report": "first/report.html"' '"mse_A2"'; do
  has stdout "$text"
done
run 0 "$PSI" fit device.csv "${small[@]}" --out first --verbose
has stdout "Shapes tried, and the choice"
[ "$(too_wide)" = 0 ] || fail "expected tables of at most 100 columns"
run 0 "$PSI" check first --json
has stdout '"differences": []'
run 1 env NO_COLOR=1 "$PSI" frobnicate
if grep -q "$(printf '\033')" stderr; then fail "expected no colour"; fi

echo "== another study in the folder of a run"
run 0 "$PSI" fit device.csv "${small[@]}" --out second --no-tau
[ -z "$(messages)" ] || fail "expected no message"
run 0 "$PSI" fit device.csv --states 1 --features 2 --out second --no-tau
[ "$(messages)" = "psi: info: second: takes the place of the run with /selection/features 3 (now 2)" ] ||
  fail "expected one sentence about the run that is replaced"
cp device.csv other.csv
cp second/metrics.json before.json
refuses 'second: expected an empty folder or a run of the same study, found another one with /study "device" (now "other")' \
  fit other.csv "${small[@]}" --out second --no-tau
cmp before.json second/metrics.json
run 0 "$PSI" fit other.csv "${small[@]}" --out second --no-tau --replace
exists second/hdl/other.va
absent second/hdl/device.va

echo "== a file that is nobody's to replace"
mkdir taken
echo "mine" >taken/device.va
refuses "taken/device.va: expected no file, or one that psi emit wrote, found another" emit "$model" --out taken
[ "$(cat taken/device.va)" = mine ] || fail "expected the file as it was"
absent taken/device.sp
run 0 "$PSI" emit "$model" --out taken --force
run 0 "$PSI" emit "$model" --out taken --json
has stdout '"taken/device.sp"'
echo "mine" >taken/device.USE.md
refuses "taken/device.USE.md: expected no file, or one that psi emit wrote, found another" emit "$model" --out taken
rm taken/device.USE.md
run 0 "$PSI" emit "$model" --out taken
exists taken/device.{sym,kicad_sym,USE.md}
refuses "device.csv: expected no file, or one with what is to be written, found another" data mem3 \
  --duration 1e-4 --out device.csv
refuses "device.csv: expected no file, or one with" predict "$model" inside.csv --g0 2e-4 --out device.csv
run 0 "$PSI" data mem3 --duration 1e-4 --out generated.csv
run 0 "$PSI" data mem3 --duration 2e-4 --out generated.csv --json
has stdout '"records": 1'

echo "== a name that is a keyword of Verilog-A"
for name in module analog real inf; do
  run 0 "$PSI" emit "$model" --name "$name" --out keyword
  has stderr "the model \"$name\" is called ${name}_device, for \"$name\" is a word of Verilog-A"
  exists "keyword/${name}_device.va"
  absent "keyword/$name.va"
done
for name in "" "a b" $'a\nb' 1x; do
  refuses "--name: expected" emit "$model" --name "$name" --out nameless
  refuses "--name: expected" fit device.csv "${small[@]}" --name "$name" --out nameless
done
absent nameless

echo "== paths with blanks, quotes and dollars"
odd="an 'odd\" \$HOME; folder"
mkdir "$odd"
cp device.csv "$odd/my device.csv"
run 0 "$PSI" fit "$odd/my device.csv" "${small[@]}" --out "$odd/run"
exists "$odd/run/hdl/my_device.va" "$odd/run/report.html"
run 0 "$PSI" check "$odd/run"

echo "== files that are no model"
truncate -s 64M zeros.safetensors
for file in device.csv zeros.safetensors first/metrics.json empty.csv nowhere.safetensors \
            a_folder first/seed_11/fit_0/predictions.safetensors; do
  for command in info emit cosim; do refuses "$file: expected " "$command" "$file"; done
  refuses "$file: expected " predict "$file" inside.csv
done

echo "== models with damaged texts in them"
# A name with an escape sequence in it, that would clear the terminal; the lengths stay.
LC_ALL=C sed -e 's/\\"features\.weight\\"/\\"fe\\\\u001b[2Jabc\\"/' \
  -e 's/"features\.weight":/"fe\\u001b[2Jabc" :/' "$model" >changed.safetensors
refuses "changed.safetensors: expected the content of its content_sha256, found another" \
  info changed.safetensors
# With a checksum that nobody looks for, as of another program.
LC_ALL=C sed -e 's/content_sha256/another_sha256/' changed.safetensors >escape.safetensors
run 0 "$PSI" info escape.safetensors
has stdout "fe [2Jabc"
if grep -q "$(printf '\033')" stdout; then fail "expected no escape sequence"; fi

echo "== predictions"
run 0 "$PSI" predict "$model" inside.csv
[ "$(messages | wc -l)" = 1 ] || fail "expected one warning"
has stderr "record inside: no initial conductance is given, assumed "
[ "$(head -1 stdout)" = "time_s,voltage_V,current_A" ] || fail "expected a CSV header"
[ "$(wc -l <stdout)" = 4 ] || fail "expected four lines"
cp stdout from_file
echo "psi predict through a pipe"
"$PSI" predict "$model" - 2>stderr <inside.csv | cat >stdout || fail "expected exit code 0"
cmp stdout from_file || fail "expected the same through a pipe"
run 0 "$PSI" predict "$model" inside.csv --g0 2e-4 --out again.csv
[ -z "$(messages)" ] || fail "expected no message"
run 0 "$PSI" predict "$model" again.csv --g0 2e-4
cmp stdout again.csv || fail "expected that a prediction reads back"
run 0 "$PSI" predict "$model" outside.csv --g0 2e-4
[ "$(messages | wc -l)" = 1 ] || fail "expected one warning"
has stderr "warning: record outside: the voltage runs from 500 mV to 50.0 V, the model was trained"
refuses "--g0" predict "$model" inside.csv --g0 -1
refuses "--g0" predict "$model" inside.csv --g0 1e308
printf 't,v,i\n0,0.5,1e-5\n1e-6,0.6,1e-5\n' >brief.csv
refuses "brief.csv: record brief: expected at least 8 samples" predict "$model" \
  brief.csv
printf 't,v,i\n0,1e308,1e-5\n1e-6,0.6,1e-5\n' >beyond.csv
refuses 'beyond.csv:2: column "v": expected a number of at most 1e+30, found "1e308"' \
  predict "$model" beyond.csv
run 1 bash -c '"$0" predict "$1" inside.csv --g0 2e-4 >/dev/full' "$PSI" "$model"
has stderr "standard output: expected to write all of it"
refuses "nowhere.csv" predict "$model" nowhere.csv
refuses "expected to write the file" predict "$model" inside.csv --g0 2e-4 --out device.csv/out.csv

echo "== stored networks of every kind"
awk 'BEGIN { print "time_s,voltage_V"; for (k = 0; k < 400; k++) printf "%.9g,%.9g\n", 5e-8 * k, 0.6 * sin(0.05 * k) }' >wave.csv
for name in teacher clustering low_rank; do
  run 0 "$PSI" predict "$stored/$name.safetensors" wave.csv --g0 3e-4
  [ -z "$(messages)" ] || fail "expected no message"
  [ "$(wc -l <stdout)" = 401 ] || fail "expected 400 samples"
  run 0 "$PSI" info "$stored/$name.safetensors"
  has stdout "recurrent model of the protocol known_start, 1 port, sees the voltage and the conductance"
  has stdout "longest time step for accurate transients: "
  has stdout "input.weight           4 x 2"
  run 0 "$PSI" emit "$stored/$name.safetensors" --out networks
  exists networks/$name.va networks/$name.sp networks/$name.c
done
for name in published_teacher published_pinn; do
  run 0 "$PSI" predict "$stored/$name.safetensors" wave.csv
  [ -z "$(messages)" ] || fail "expected no message"
  run 0 "$PSI" info "$stored/$name.safetensors"
  has stdout "of the protocol published, 1 port, sees the voltage and the time"
  has stdout "no circuit: model "
  for command in emit cosim; do refuses " for a circuit, found " $command "$stored/$name.safetensors"; done
done
run 0 "$PSI" predict "$stored/pinn.safetensors" wave.csv --g0 3e-4
refuses "which has no state" emit "$stored/pinn.safetensors"
refuses "which sees the time since the start of the record" emit "$stored/published_teacher.safetensors"
run 0 "$PSI" info "$model"
has stdout "compact model, 1 port, sees the voltage and the conductance at the start"
has stdout "conductance the states can hold at 0 V: "
refuses "expected a psi-xlstm model" info first/seed_11/fit_0/predictions.safetensors

echo "== nothing takes the place of what it is made of"
cp "$model" own.safetensors
cp wave.csv own_wave.csv
refuses "--out own.safetensors: expected another file than the model and the drive" \
  predict own.safetensors wave.csv --out own.safetensors
cmp "$model" own.safetensors
refuses "--out ./own_wave.csv: expected another file" predict "$model" own_wave.csv --out ./own_wave.csv
cmp wave.csv own_wave.csv

echo "== numbers that nothing can be made of, names that no simulator takes, steps without end"
awk 'BEGIN { print "time_s,voltage_V,current_A"
  for (k = 0; k < 300; k++) printf "%.9g,%.9g,%.9g\n", k * 1e-6, sin(k / 10), 1e-304 * sin(k / 10) }' >tiny.csv
refuses "expected a voltage and a current of at least 1e-30, found at most" tau tiny.csv
for name in nmos Resistor diode vsource; do
  run 0 "$PSI" emit "$model" --name "$name" --out types
  has stderr "the model \"$name\" is called ${name}_device, for \"$name\" is a device type of SPICE"
  exists "types/${name}_device.sp"
done
echo '{"max_step": 1e-18}' >steps.json
refuses "expected at most 1000000 steps" cosim "$model" --config steps.json

echo "== a model in the benchmark of simulators"
if [ -x "$(dirname "$PSI")/psi_trainer" ]; then
  run 0 "$PSI" bench spice --model "$model" --quick --out bench --figure bench.svg
  rows=(student_m3_subcircuit vteam_subcircuit diode bsim4 rc)
  if "$PSI" info | grep -q "OSDI): yes"; then
    rows+=(student_m3_osdi vteam_osdi)
    has bench/spice_quick.json '"plain_resistor_s"'
  else
    has stdout "Left out: "
  fi
  for name in "${rows[@]}"; do
    has bench/spice_quick.json "\"model\": \"$name\""
    has stdout "$name"
  done
  has stdout "teacher in LibTorch"
  has bench.svg "</svg>"
else  # what it replaces cannot be measured
  run 1 "$PSI" bench spice --model "$model" --quick --out bench
  has stderr "scripts/setup.sh --all"
fi
run 0 "$PSI" bench runs first --out bench
has bench/first.json '"benchmark": "first"'
for key in format_version git_commit processor cores system load_average; do
  has bench/first.json "\"$key\": "
done
run 0 "$PSI" bench runs first --out bench
mkdir other
echo mine >other/first.json
refuses "first.json: expected no file, or one that psi wrote" bench runs first --out other
has bench/first.json '"mse_over_floor"'
has bench/first.json '"duration_s"'
refuses "nowhere: expected the folder of a finished study, found no manifest.json" bench runs nowhere
refuses "nowhere.safetensors: expected " bench spice --model nowhere.safetensors
refuses "--repetitions" bench spice --repetitions 0

echo "== generated data can be fitted"
run 0 "$PSI" data mem3 --tau 1e-4 --waveform bursts --duration 0.4e-3 --noise 0.02 --part all --out mem3.csv
has stdout "3 records in mem3.csv"
run 0 "$PSI" data mem3 --tau 1e-4 --waveform bursts --duration 0.4e-3 --noise 0.02 --part all --out mem3_again.csv
cmp mem3.csv mem3_again.csv || fail "expected the same data twice"
run 0 "$PSI" data mem3 --tau 1e-4 --duration 0.4e-3 --part test --out part.csv
has stdout "1 record in part.csv"
run 0 "$PSI" data mem3 --tau 100us --waveform bursts --duration 0.4ms --noise 0.02 --part train --out a.csv
run 0 "$PSI" data mem3 --tau 1e-4 --waveform bursts --duration 0.4e-3 --noise 0.02 --out b.csv
cmp a.csv b.csv || fail "expected the training record"
printf '# s V\n0 0.5\n1e-4 0.5\n1.005e-4 -0.5\n2e-4 -0.5\n' >drive.pwl
run 0 "$PSI" data mem3 --tau 1e-4 --waveform bursts --duration 0.4e-3 --noise 0.02 --out -
cmp stdout b.csv || fail "expected the record on standard output"
absent ./-
run 0 "$PSI" data stretched --tau 20us --beta 0.5 --pwl drive.pwl --out stretched.csv

# Time constants: one that the record can tell, and one that it cannot.
run 0 "$PSI" data mem3 --tau 1ms --duration 10ms --seed 1001 --out told.csv
run 0 "$PSI" tau told.csv --out told
has stdout "1 relaxation: 1 identified"
has told/tau.json '"k": 1'
has told/tau.json '"residual_white": true'
exists told/report.html told/figures/figure_1.svg told/tables/processes.csv told/manifest.json
run 0 "$PSI" check told
has stdout ", 0 differences"
sed -i 's/"k": 1,/"k": 2,/' told/tau.json
run 2 "$PSI" check told
has stdout "/k: stored 2, computed again 1"
run 0 "$PSI" data mem3 --waveform published --duration 2ms --seed 1001 --out too_short.csv
run 0 "$PSI" tau too_short.csv --out short --tau-range 0.1ms,10ms
has short/tau.json '"verdict": "not identifiable"'
has short/tau.json '"duration_s"'
has stdout "Advice: "
refuses "expected files of data, or --design" tau
refuses "expected the id of a record" tau told.csv --only nothing --out none
refuses "expected the folder of one seed" tau told.csv --networks told --out none
absent none
[ "$(grep -c '^[0-9].*,-0.5,' stretched.csv)" = 199 ] || fail "expected the drive of the file"
echo x >>drive.pwl
refuses "drive.pwl:6: expected a time" data mem3 --pwl drive.pwl --out x.csv
run 0 "$PSI" fit mem3.csv "${small[@]}" --out mem3
exists mem3/report.html mem3/tau/tau.json
run 0 "$PSI" fit mem3.csv "${small[@]}" --out mem3 --no-tau
exists mem3/report.html
absent mem3/tau
refuses "expected one of published, vteam, mem3, stretched" data frobnicate --out x.csv
refuses "--duration" data mem3 --duration 0 --out x.csv
refuses "expected to write the file" data mem3 --duration 1e-3 --out device.csv/x.csv

echo "== records with something wrong in them"
awk 'BEGIN { print "time_s,voltage_V,current_A"
  for (k = 0; k < 240; k++) {
    I = k < 40 ? 0 : k < 120 ? -10 : k < 140 ? 0 : 10
    q += I
    printf "%d,%.9g,%.9g\n", k, 3.096 + 4e-4 * q + 0.01 * I, I
  } }' >cell.csv
run 2 "$PSI" fit cell.csv --states 0 --no-tau --out cell
head -1 stdout | grep -q -F 'this is an active device: I = 0 A at V = 3.1 V' ||
  fail "expected the first line to say that it is an active device"
has stderr 'data: record "cell": this is an active device'
has cell/metrics.json '"kind": "active device"'
run 0 "$PSI" check cell
# One period of 1 kHz in 200 samples: all of it is fitted, and what one quarter says of another is
# not enough.
awk 'BEGIN { print "time_s,voltage_V,current_A"
  for (k = 0; k < 200; k++) {
    p = 6.283185307 * k / 200
    x += (sin(p) > 0 ? 1 - x : -x) * 0.02 * sin(p) ^ 2
    printf "%.9g,%.9g,%.9g\n", k * 5e-6, sin(p), 1e-4 * exp(2 * x) * sin(p)
  } }' >period.csv
run 2 "$PSI" fit period.csv "${small[@]}" --no-tau --out period
head -2 stdout | tr '\n' ' ' | grep -q -F 'on the parts left out one at a time' ||
  fail "expected the first line to say what the error is of"
has stderr 'holds 1 period of its voltage, too few to be divided in time'
run 0 "$PSI" check period
echo '{"kind": "compact", "data": {"source": "csv", "files": ["device.csv"], "correct": "gain"}}' >gain.json
refuses 'gain.json: /data/correct: ' run gain.json
refuses '--correct: expected one of offset, skew, offset,skew, found "gain"' fit device.csv --correct gain
awk -F, -v OFS=, 'NR > 1 { $4 += 2e-5 } { print }' device.csv >offset.csv
run 0 "$PSI" fit offset.csv "${small[@]}" --no-tau --correct offset --out offset
has stderr 'uA off the current of every record'
has offset/metrics.json '"kind": "current offset"'

echo "== waveforms that tell time constants"
run 0 "$PSI" tau --design --tau 20us,100us --duration 2ms --sample-rate 1e6 --out design
exists design/design.sp
has stdout "100 us"
run 0 "$PSI" data mem3 --tau 20us,100us --pwl design/design.pwl --sample-rate 1e6 --out designed.csv
[ "$(wc -l <designed.csv)" = 2001 ] || fail "expected 2000 samples"
refuses "either --tau or --tau-range" tau --design
run 0 "$PSI" tau --design --tau 20us,100us --duration 2ms --sample-rate 1e6 --out design
mkdir theirs
for file in design.pwl design.json; do echo mine >theirs/$file; done
refuses "design.pwl: expected no file, or one that psi wrote" \
  tau --design --tau 20us,100us --duration 2ms --sample-rate 1e6 --out theirs
[ "$(cat theirs/design.pwl)" = mine ] || fail "expected the file of somebody else as it was"
refuses "expected a time" tau --design --tau twenty
refuses "samples in the shortest time constant" tau --design --tau 20ns

echo "== a folder with other things in it"
mkdir mine
echo "mine" >mine/notes.txt
refuses "mine: expected an empty folder" fit device.csv "${small[@]}" --out mine
[ "$(ls mine)" = notes.txt ] || fail "expected the folder as it was"

echo "== workers that hang, crash, or are not there"
cat >study.json <<END
{"kind": "compact", "study": "worker", "seeds": [1], "data": {"source": "csv", "files": ["$folder/device.csv"]},
 "fit": {"student": {"states": 1, "features": 3}, "starts": 1},
 "cosim": {"time_limit_s": 0.2, "simulators": ["ngspice"]}}
END
refuses "expected one seed for data from files, found 2" run study.json --seeds 3,4 --out two
printf '#!/bin/sh\nexec sleep 60\n' >hang
printf '#!/bin/sh\nkill -SEGV $$\n' >crash
printf '#!/bin/sh\nexit 3\n' >leave
printf '#!/bin/sh\nexec cat /dev/zero\n' >babble
chmod +x hang crash leave babble
for worker in hang crash leave babble missing; do
  run 2 env PSI_NGSPICE_WORKER="$folder/$worker" "$PSI" run study.json --out "worker_$worker"
  [ "$(error_lines)" = 1 ] || fail "expected one error"
  [ "$(grep -c -v -E '^(data|fit|co-simulate|report): |^psi: (warning|error): ' stderr)" = 0 ] ||
    fail "expected progress, warnings and one error only"
  exists worker_$worker/seed_1/fit_0/{model,predictions}.safetensors worker_$worker/hdl/student.va \
         worker_$worker/{metrics,manifest}.json worker_$worker/report.html
  case $worker in
    hang) has stderr "co-simulation \"training-like\": ngspice did not finish within 0.2 s" ;;
    crash) has stderr "co-simulation \"training-like\": ngspice ended with signal 11" ;;
    leave) has stderr "co-simulation \"training-like\": ngspice ended with exit status 3" ;;
    babble) has stderr "ngspice worker: message between programs: expected one, found other bytes" ;;
    missing) has stderr "ngspice worker: expected a program at $folder/missing, found none" ;;
  esac
  run 0 "$PSI" check "worker_$worker"
done
run 2 env PSI_NGSPICE_WORKER="$folder/crash" "$PSI" cosim "$model"
run 0 env PSI_NGSPICE_WORKER="$folder/missing" "$PSI" info
has stdout "none: ngspice worker: expected a program at"

echo "== a model in a circuit"
cat >loop.cir <<'END'
A resistor in series
vin in 0 dc 0 sin(0 1 5k)
rseries in p 1k
xcell p 0 device
.tran 200n 200u
END
echo '{"smallest_swing": 10}' >any_swing.json
run 0 "$PSI" cosim "$model" --circuit loop.cir --config any_swing.json --simulator ngspice
has stdout "circuit loop: device currents"
echo '{"limit": 1e-12, "smallest_swing": 10}' >strict.json
run 2 "$PSI" cosim "$model" --circuit loop.cir --config strict.json
printf 'title\nx1 a 0 device\n.control\nshell touch done\n.endc\n.tran 1n 1u\n' >shell.cir
refuses "shell.cir: netlist line 3: expected an element or one of" cosim "$model" \
  --circuit shell.cir
absent done
refuses "nowhere.cir: " cosim "$model" --circuit nowhere.cir
refuses "expected --g0 or --circuit, found both" cosim "$model" --circuit loop.cir --g0 1e-4
run 2 "$PSI" cosim "$model" --circuit loop.cir --simulator spectre
has stdout "spectre, verilog_a"
refuses "--osdi: expected a compiled model, found no file \"nothing.osdi\"" cosim "$model" \
  --circuit loop.cir --osdi nothing.osdi
refuses "simulator: expected ngspice, vacask, neospice, xyce, ltspice, hspice, spectre, ads or all, found \"spice3\"" cosim "$model" \
  --simulator spice3
refuses "path: expected subcircuit, osdi or verilog_a, found \"sp\"" cosim "$model" \
  --circuit loop.cir --path sp
run 0 "$PSI" cosim "$model" --circuit loop.cir --config any_swing.json --openvaf "$folder/crash"
has stdout "ngspice, verilog_a"
has stdout "not run"

echo "== the emitted Verilog-A"
run 0 "$PSI" emit "$model" --out checked
for file in checked/*.va first/hdl/*.va; do run 0 admsXml "$file"; done
sed 's/tanh(/tnah(/' checked/*.va >checked/broken.va
run 1 admsXml checked/broken.va

echo "== an interrupted fit"
# interrupt <signal> <pattern of a line of progress> <arguments of psi...>: waits for the line.
interrupt() {
  local signal=$1 pattern=$2 code=0 pid
  shift 2
  : >stderr  # What an earlier command said must not be taken for the line.
  "$PSI" "$@" >stdout 2>stderr &
  pid=$!
  while kill -0 $pid 2>/dev/null && ! grep -q "$pattern" stderr; do sleep 0.02; done
  kill "-$signal" $pid
  wait $pid || code=$?
  echo $code >code
}
long=(fit device.csv --states 1 --threads 1 --out interrupted)
for signal in INT TERM; do
  interrupt $signal '^choose: ' "${long[@]}"
  [ "$(cat code)" = 130 ] || fail "expected exit code 130, found $(cat code)"
  [ "$(messages)" = "psi: error: interrupted; the same command goes on from here" ] ||
    fail "expected one sentence about the interruption"
  absent interrupted/metrics.json
done
run 0 "$PSI" "${long[@]}"
run 0 "$PSI" check interrupted
run 0 "$PSI" "${long[@]}"
if grep -q '^choose: ' stderr; then fail "expected that a finished fit is not repeated"; fi

echo "== what an interruption leaves in the folder for temporary files"
mkdir 'temporary $HOME `x`'
export TMPDIR="$folder/temporary \$HOME \`x\`"
cat >slow <<'END'
#!/bin/sh
sleep 1000 & echo $$ $! >"$NOTES.part" && mv "$NOTES.part" "$NOTES"; wait
END
sed -i "s|\$NOTES|$folder/helpers|g" slow
chmod +x slow
echo '{"kind": "networks", "study": "slow", "seeds": [1], "with_compact": false,
  "networks": [{"name": "mlp", "phases": [{"steps": 10}]}]}' >slow.json
# ended <pid>: whether the process has ended, whoever waits for it.
ended() { ! grep -q -v -E '^[0-9]+ \(.*\) [ZX]' "/proc/$1/stat" 2>/dev/null; }
# ends <signal> <sentence> <variable> <arguments of psi...>: the helper program that the variable
# names never ends; once it is at work, psi gets the signal.
ends() {
  local signal=$1 sentence=$2 variable=$3 code=0 pid helper
  shift 3
  echo "psi $* with a slow $variable, $signal"
  rm -f helpers
  env "$variable=$folder/slow" "$PSI" "$@" >stdout 2>stderr &
  pid=$!
  while kill -0 $pid 2>/dev/null && [ ! -e helpers ]; do sleep 0.02; done
  exists helpers
  kill "-$signal" $pid
  wait $pid || code=$?
  if [ "$signal" = KILL ]; then
    [ $code = 137 ] || fail "expected exit code 137, found $code"
    [ -n "$(ls -A "$TMPDIR")" ] || fail "expected the folder of a killed process in $TMPDIR"
  else
    [ $code = 130 ] || fail "expected exit code 130, found $code"
    [ "$(messages)" = "psi: error: $sentence" ] || fail "expected one sentence"
    [ -z "$(ls -A "$TMPDIR")" ] || fail "expected nothing in $TMPDIR"
  fi
  for helper in $(cat helpers); do
    for _ in $(seq 3000); do if ended "$helper"; then break; fi; sleep 0.02; done
    ended "$helper" || fail "expected that the helper program $helper has ended"
  done
}
again="interrupted; the same command goes on from here"
for signal in INT TERM KILL; do
  ends $signal interrupted CC emit "$model" --out "slow_$signal"
  absent "slow_$signal"/*.osdi*
  # What the last of them has left, each sweeps.
  ends $signal interrupted PSI_NGSPICE_WORKER cosim "$model"
  ends $signal "$again" PSI_NGSPICE_WORKER fit device.csv "${small[@]}" --out "slow_fit_$signal"
  ends $signal "$again" PSI_TRAINER run slow.json --out "slow_run_$signal"
done
[ "$(ls -A "$TMPDIR" | wc -l)" -lt 3 ] || fail "expected the folders of the last alone in $TMPDIR"
run 0 "$PSI" info
[ -z "$(ls -A "$TMPDIR")" ] || fail "expected that the next start sweeps $TMPDIR"
absent "$folder/x"
TMPDIR=/no/such/folder run 0 "$PSI" info
has stdout "none: ngspice worker: TMPDIR: expected a folder for temporary files"
unset TMPDIR

echo "== a compiler that fails"
if "$PSI" info | grep -q "OSDI): yes"; then
  run 0 env CC=/bin/false "$PSI" cosim "$model" --simulator ngspice --json
  [ "$(grep -c -F "device.c: expected /bin/false to compile it, found: exit status 1" stdout)" = 1 ] ||
    fail "expected one sentence about the compiler"
fi
run 0 "$PSI" emit "$model" --out interfaces --osdi both
exists interfaces/device.osdi interfaces/device_0.4.osdi
run 0 "$PSI" emit "$model" --out interfaces
exists interfaces/device.osdi
absent interfaces/device_0.4.osdi
run 0 env CC=/bin/false "$PSI" emit "$model" --out uncompiled
[ "$(messages)" = "psi: warning: uncompiled/device.c: expected /bin/false to compile it, found: exit status 1" ] ||
  fail "expected one sentence about the compiler"
absent uncompiled/device.osdi

echo "== a limit on the size of files"
code=0
(ulimit -f 1; exec "$PSI" data mem3 --duration 1e-3 --out large.csv) >stdout 2>stderr || code=$?
[ $code = 1 ] || fail "expected exit code 1, found $code"
has stderr "large.csv: expected to write the file, found: File too large"
absent large.csv .psi-*
echo "all cases passed"
