#!/usr/bin/env bash
# Finds an ngspice library that runs compiled device models (OSDI), or builds one from the source
# package of the distribution into a cache folder outside the tree, once. Prints its path last. With
# --find it builds nothing and fails where there is none.
#
#   PSI_NGSPICE_LIBRARY  the library to take instead
#   PSI_CACHE            the cache folder (default: psi-xlstm below the user's cache folder)
#   PSI_JOBS             compilers at once (default: one per core)
#
# Nothing of the system is changed but, where they are missing, the packages that the build needs;
# the list of source packages is read into a folder of its own.
set -euo pipefail
. "$(dirname "$0")/packages.sh"

say() { echo "ngspice: $*" >&2; }
fail() { say "$*"; exit 1; }

cache=$(realpath -m "${PSI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/psi-xlstm}")
build_packages=(dpkg-dev make gcc autoconf automake libtool bison flex)

# Whether the library at $1 has the loader of OSDI models: it then asks a model for this symbol.
has_osdi() { [ -f "$1" ] && grep -q OSDI_NUM_DESCRIPTORS "$1"; }

installed_library() { PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk '$1 == "libngspice.so.0" {print $NF; exit}'; }

cached_library() {
  find "$cache" -mindepth 3 -maxdepth 3 -path '*/ngspice-*/lib/libngspice.so.0' 2>/dev/null |
    sort -V | tail -n 1
}

find_library() {
  local library
  for library in "${PSI_NGSPICE_LIBRARY:-}" "$(cached_library)" "$(installed_library)"; do
    if [ -n "$library" ] && has_osdi "$library"; then
      echo "$library"
      return 0
    fi
  done
  return 1
}

# Unpacks the source package of version $1 into ./source. The machine's own package sources are
# copied with their type changed, so that keys and mirrors stay what they are.
fetch_source() {
  local version=$1 file
  mkdir -p sources lists/partial download
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] && sed -E 's/^Types:.*/Types: deb-src/' "$file" >"sources/$(basename "$file")"
  done
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] && sed -nE 's/^deb(-src)?[ \t]/deb-src /p' "$file" | sort -u >"sources/$(basename "$file")"
  done
  local apt=(apt-get -q -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$PWD/sources"
    -o "Dir::State::Lists=$PWD/lists" -o APT::Sandbox::User=root)
  "${apt[@]}" update
  (cd download && "${apt[@]}" source --download-only "ngspice=$version")
  dpkg-source --no-check -x download/*.dsc source
}

# Shows how far the compiler is until the process $1 ends: object files made, seconds gone.
show_progress() {
  local start=$SECONDS step=0
  while kill -0 "$1" 2>/dev/null; do
    sleep 1
    step=$((step + 1))
    [ $((step % 15)) -eq 0 ] || continue
    say "$(find build -name '*.o' | wc -l) files compiled in $((SECONDS - start)) s"
  done
}

# Builds version $1 and moves it to $2 in one step.
build() {
  local version=$1 target=$2 folder
  install_packages ngspice "${build_packages[@]}" || fail "cannot be built without them"
  folder=$(mktemp -d "$cache/.build.XXXXXX")
  trap 'rm -rf "'"$folder"'"' EXIT
  cd "$folder"
  say "fetching the source package $version"
  fetch_source "$version" >log 2>&1 || fail "cannot fetch the source package: $(tail -n 1 log)"
  say "configuring"
  (
    cd source
    ./autogen.sh
    mkdir ../build
    cd ../build
    ../source/configure --prefix="$target" --with-ngshared --enable-osdi --disable-xspice \
      --disable-openmp --disable-debug --without-x --with-readline=no CFLAGS=-O2
  ) >>log 2>&1 || fail "cannot be configured: $(tail -n 1 log)"
  say "compiling (some minutes, once)"
  make -C build -j "${PSI_JOBS:-$(nproc)}" >>log 2>&1 &
  local make=$!
  show_progress "$make"
  wait "$make" || fail "cannot be compiled: $(grep -m 1 -i error log || tail -n 1 log)"
  make -C build install DESTDIR="$folder/staged" >>log 2>&1 ||
    fail "cannot be installed: $(tail -n 1 log)"
  has_osdi "staged$target/lib/libngspice.so.0" || fail "the library that was built has no OSDI"
  mv -T "staged$target" "$target"
}

if ! library=$(find_library); then
  [ "${1:-}" != --find ] || fail "expected a library with OSDI in $cache or installed, found none"
  command -v apt-get >/dev/null || fail "expected an ngspice library with OSDI or apt-get, found neither"
  version=$(dpkg-query -W -f='${source:Version}' libngspice0 2>/dev/null) ||
    fail "expected the package libngspice0, found none"
  mkdir -p "$cache"
  exec 9>"$cache/ngspice.lock"
  flock 9                     # another checkout may be at it
  rm -rf "$cache"/.build.*    # of a build that was killed
  target=$cache/ngspice-$version
  [ -e "$target" ] || (build "$version" "$target")
  library=$(find_library) || fail "expected OSDI in $target, found none"
fi
echo "$library"
