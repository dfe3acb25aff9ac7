#!/bin/sh
# Runs Python with the packages that the peers of the benchmarks need: python.sh SCRIPT [ARGUMENTS...]
# Python packages and downloads are kept in $AFFINIS_CACHE (default ~/.cache/affinis), not in the repository.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
AFFINIS_CACHE=${AFFINIS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/affinis}
export AFFINIS_CACHE PYTHONDONTWRITEBYTECODE=1

wanted=$(cksum < "$here/requirements.txt" | cut -d ' ' -f 1)
venv=$AFFINIS_CACHE/peers-venv-$wanted
if [ ! -e "$venv/complete" ]; then
  python3 -m venv --clear "$venv"
  "$venv/bin/python" -m pip install --quiet --only-binary=:all: -r "$here/requirements.txt"
  touch "$venv/complete"
fi
exec "$venv/bin/python" "$@"
