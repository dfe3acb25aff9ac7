#!/bin/sh
# Trains a model that ships: run.sh text-student [--smoke] [--output DIR] [--threads N]
# Compares how heads are trained, or fine-tunes, on what affinis export-tensors wrote:
#   run.sh heads --data DIR; run.sh finetune --data DIR --model FILE.onnx; each also with --smoke
# Learns a projection of embeddings, or compares the methods: run.sh projection --data DIR --method lda|… --name NAME
# Tests: run.sh test, run.sh test-projection. Only the environment: run.sh install
# Python packages, downloads and the teacher's vectors are kept in $AFFINIS_CACHE (default ~/.cache/affinis).
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
AFFINIS_CACHE=${AFFINIS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/affinis}
OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
export AFFINIS_CACHE OMP_NUM_THREADS PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$here"

usage() {
  echo "usage: run.sh text-student|heads|finetune|projection [--help] | run.sh test | run.sh test-projection | run.sh install" >&2
  exit 2
}
[ $# -ge 1 ] || usage
what=$1
shift
requirements=requirements.txt
environment=train
size='5.7 GB, minutes'
case $what in
  text-student) set -- -m text_student "$@" ;;
  heads) set -- -m heads "$@" ;;
  finetune) set -- -m finetune "$@" ;;
  projection | test-projection)
    requirements=requirements-projection.txt
    environment=projection
    size='0.5 GB'
    if [ "$what" = projection ]; then set -- -m projection "$@"; else set -- -m pytest -q -p no:cacheprovider "$here/projection/tests" "$@"; fi
    ;;
  test) set -- -m pytest -q -p no:cacheprovider "$here/tests" "$@" ;;
  install) set -- -c 'import torch' ;;
  *) usage ;;
esac

wanted=$(cksum < "$here/$requirements" | cut -d ' ' -f 1)
venv=$AFFINIS_CACHE/$environment-venv-$wanted
if [ ! -e "$venv/complete" ]; then
  echo "installing the $environment environment ($size)" >&2
  python3 -m venv --clear "$venv"
  "$venv/bin/python" -m pip install --quiet --only-binary=:all: -r "$here/$requirements"
  touch "$venv/complete"
fi
exec "$venv/bin/python" "$@"
