#!/usr/bin/env bash
# Rebuilds samples/ from its sources, or with --check compares a rebuild with what is committed.
# Needs Python 3.11 on Linux x86-64 and espeak-ng 1.51 (Debian 12: apt-get install espeak-ng).
# Virtual environments are kept in $AFFINIS_SAMPLES_CACHE, by default under ~/.cache.
set -euo pipefail

tools=$(cd "$(dirname "$0")" && pwd)
samples=$(cd "$tools/../.." && pwd)/samples
cache=${AFFINIS_SAMPLES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/affinis-samples}

main() {
  case ${1:-} in
    '') prepare; build "$samples"; list_checksums ;;
    --check) prepare; check ;;
    *) echo "usage: rebuild.sh [--check]" >&2; exit 2 ;;
  esac
}

prepare() {
  command -v espeak-ng >/dev/null || { echo "[rebuild] espeak-ng is missing: apt-get install espeak-ng" >&2; exit 1; }
  virtualenv build
  virtualenv fixtures -fixtures
  "$cache/fixtures/bin/pip" install --quiet --no-deps resemblyzer==0.1.4
}

# virtualenv NAME [REQUIREMENTS_SUFFIX]
virtualenv() {
  [ -x "$cache/$1/bin/python" ] || python3.11 -m venv "$cache/$1"
  "$cache/$1/bin/pip" install --quiet -r "$tools/requirements${2:-}.txt"
}

build() {
  "$cache/build/bin/python" "$tools/portraits.py" "$1"
  "$cache/build/bin/python" "$tools/voices.py" "$1"
  "$cache/build/bin/python" "$tools/formats.py" "$1"
  "$cache/fixtures/bin/python" -W ignore "$tools/voice_fixtures.py" "$1" "$1/voices/fixtures.json"
}

list_checksums() {
  cd "$samples"
  find faces voices formats -type f | LC_ALL=C sort | xargs sha256sum >SHA256SUMS
}

check() {
  (cd "$samples" && sha256sum --check --quiet SHA256SUMS)
  rebuilt=$(mktemp -d)
  trap 'rm -rf "$rebuilt"' EXIT
  build "$rebuilt"
  "$cache/build/bin/python" "$tools/compare.py" "$samples" "$rebuilt"
}

main "$@"
