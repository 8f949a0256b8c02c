#!/usr/bin/env bash
# The long checks, those named or all of them:
#
#   sanitize   address and undefined-behaviour sanitizers, all tests that need no LibTorch
#   fuzz       libFuzzer with the sanitizers on every reader of tests/fuzz, each for
#              PSI_FUZZ_SECONDS (default: 60), or, if PSI_FUZZ_RUNS is set, without the sanitizers
#              and for that many executions each; PSI_FUZZ_TARGETS names some of them instead of
#              all; what it finds lies in build/fuzz/found
#   interrupt  200 SIGKILLs and 50 SIGINTs at random moments of the quickstart and of a study of
#              networks: the same bytes as without (about an hour)
#   tidy       clang-tidy with the checks of .clang-tidy, every finding an error
#   bookworm   both commands of the README on a bare Debian 12 (root: debootstrap, chroot)
#   trixie     the same on Debian 13
#   package    the package of this build on a bare Debian of this machine's release, without a
#              compiler but the one that compiled models need
#
# Bare machines are made in PSI_CHECK_FOLDER (default: a folder in the one for temporary files) from
# the mirror in /etc/apt, hold the last commit of this tree, and go when they are done.
# PSI_CHECK_ONLY=quickstart leaves out the second command of the README.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

folder=${PSI_CHECK_FOLDER:-${TMPDIR:-/tmp}/psi-check}

say() { echo "check: $*" >&2; }
fail() { say "$*"; exit 1; }

# GCC takes over an hour for what clang compiles in minutes.
check_sanitize() {
  install_packages check "${program_packages[@]}" "${test_packages[@]}" clang libomp-dev
  cmake --preset sanitize -DPSI_TRAINER=OFF
  cmake --build --preset sanitize
  ctest --preset sanitize --parallel 2
}

# The corpus grows in build/fuzz/corpus; a finding belongs into tests/fuzz/corpus when it is mended.
check_fuzz() {
  install_packages check "${program_packages[@]}" "${test_packages[@]}" clang libomp-dev
  local preset=fuzz limit=(-max_total_time="${PSI_FUZZ_SECONDS:-60}")
  if [ -n "${PSI_FUZZ_RUNS:-}" ]; then
    preset=fuzz_fast limit=(-runs="$PSI_FUZZ_RUNS" -entropic=0)
  fi
  cmake --preset $preset
  cmake --build --preset $preset
  local place=$PWD/build/fuzz seeds targets target
  read -ra targets <<<"${PSI_FUZZ_TARGETS:-$(ls tests/fuzz/corpus | tr '\n' ' ')}"
  mkdir -p "$place/found"
  for target in "${targets[@]}"; do
    seeds=tests/fuzz/corpus/$target
    [ -d "$seeds" ] || fail "fuzz: expected the names of folders in tests/fuzz/corpus, found \"$target\""
    mkdir -p "$place/corpus/$target"
    PSI_FUZZ_TARGET=$target UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
      "build/$preset/tests/psi_fuzz" "${limit[@]}" -timeout=10 \
      -print_final_stats=1 -artifact_prefix="$place/found/$target-" \
      "$place/corpus/$target" "$seeds" >"$place/$target.log" 2>&1 ||
      fail "fuzz: $target: $(grep -a -m 1 -E 'ERROR|runtime error|SUMMARY' "$place/$target.log")"
    say "fuzz: $target: $(grep -a executed_units "$place/$target.log" | grep -o '[0-9]*$') executions, no finding"
  done
}

check_interrupt() {
  scripts/setup.sh --all
  tests/apps/interruption_sweep.sh build/release
}

check_tidy() {
  install_packages check "${program_packages[@]}" clang-tidy python3
  # Sources put together, so that each header is read once; no precompiled headers, which are GCC's.
  cmake --preset release -B build/tidy -DPSI_TRAINER=OFF -DPSI_BUILD_TESTS=OFF \
    -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON
  cmake --build build/tidy --target psi_commit
  python3 -c 'import json; print(*{u["file"] for u in json.load(open("build/tidy/compile_commands.json"))}, sep="\n")' |
    grep -v _text.cpp | xargs -P "$(nproc)" -n 1 clang-tidy -p build/tidy --quiet --warnings-as-errors='*'
}

# The first mirror of Debian that apt uses.
mirror() {
  local mirrors
  # One of the two places is enough.
  mirrors=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
    sed -nE 's/^URIs: *([^ ]+).*/\1/p; s/^deb +(\[[^]]*\] +)?([^ ]+).*/\2/p' | grep -E '/debian/?$') ||
    fail "expected a mirror of Debian in /etc/apt, found none"
  echo "${mirrors%%$'\n'*}"
}

# bare <release> <name>: makes $folder/<name> and prints it. The mirror's settings are the machine's.
bare() {
  local release=$1 root=$folder/$2
  [ "$(id -u)" -eq 0 ] || fail "expected root to make a bare Debian, found another user"
  install_packages check debootstrap
  rm -rf --one-file-system "$root"
  mkdir -p "$root"
  say "making a bare $release in $root"
  debootstrap --variant=minbase "$release" "$root" "$(mirror)" >"$root.log" 2>&1 ||
    fail "debootstrap failed: $(tail -n 1 "$root.log")"
  apt-config dump | grep '^Acquire::[A-Za-z:-]* "..*";$' >"$root/etc/apt/apt.conf.d/90machine"
  echo "$root"
}

# inside <root> <command>: runs it there with its own mounts, which end with it.
inside() {
  local root=$1
  shift
  unshare --mount bash -c 'mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"
    exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
      chroot "$1" bash -euo pipefail -c "$2"' bash "$root" "$*"
}

check_release() {
  local release=$1 root start
  root=$(bare "$release" "$release")
  git clone --quiet --no-hardlinks . "$root/psi-xlstm"
  start=$SECONDS
  inside "$root" "cd psi-xlstm && scripts/quickstart.sh" 2>&1 | while IFS= read -r line; do
    printf '%4d s  %s\n' $((SECONDS - start)) "$line"
  done
  inside "$root" "cd psi-xlstm && build/release/psi info | grep 'compiled models (OSDI): yes'"
  [ -s "$root/psi-xlstm/results/quickstart/report.html" ] || fail "$release: expected a report"
  say "$release: quickstart passed after $((SECONDS - start)) s"
  if [ "${PSI_CHECK_ONLY:-}" != quickstart ]; then
    start=$SECONDS
    inside "$root" "cd psi-xlstm && scripts/test.sh -DPSI_WARNINGS_AS_ERRORS=ON"
    say "$release: tests passed after $((SECONDS - start)) s"
  fi
  rm -rf --one-file-system "$root"
}

check_package() {
  local root release start
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  scripts/setup.sh
  install_packages check dpkg-dev file
  (cd build/release && cpack -G DEB >/dev/null)
  root=$(bare "$release" package)
  cp build/release/psi-xlstm_*.deb "$root/"
  start=$SECONDS
  inside "$root" "apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends /psi-xlstm_*.deb
    if command -v g++ cmake ninja; then echo 'expected no build tools'; exit 1; fi
    mkdir /study && cd /study && psi info && psi run configs/quickstart.json"
  [ -s "$root/study/results/quickstart/report.html" ] || fail "package: expected a report"
  say "package: quickstart passed after $((SECONDS - start)) s"
  rm -rf --one-file-system "$root"
}

checks=("$@")
[ $# -gt 0 ] || checks=(sanitize fuzz interrupt tidy bookworm trixie package)
for check in "${checks[@]}"; do
  case $check in
    bookworm | trixie) check_release "$check" ;;
    sanitize | fuzz | interrupt | tidy | package) "check_$check" ;;
    *) fail "expected sanitize, fuzz, interrupt, tidy, bookworm, trixie or package, found \"$check\"" ;;
  esac
  say "$check: passed"
done
