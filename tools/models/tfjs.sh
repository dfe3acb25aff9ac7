#!/bin/sh
# Writes a shipped face embedder as a model of TensorFlow.js: tfjs.sh FOLDER [NAME]
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
exec "$here/python.sh" "$here/tfjs.py" "$@"
