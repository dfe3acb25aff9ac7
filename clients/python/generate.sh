#!/bin/sh
# Generates the stubs in src/affinis from proto/: generate.sh [PYTHON [OUTPUT]]. PYTHON has what requirements-dev.txt
# names. protos.sha256 says which protos the stubs are of; tools/generate.mjs --check compares it.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
python=$(command -v "${1:-python3}")
output=${2:-$here/src}
PATH=$(dirname -- "$python"):$PATH
cd "$here/../../proto"
protos=$(find affinis -name '*.proto' | LC_ALL=C sort)
services=$(grep -l '^service ' $protos)

mkdir -p "$output/affinis"
find "$output/affinis" -name '*_pb2*' -delete
"$python" -m grpc_tools.protoc -I . -I third_party --python_out="$output" --mypy_out=quiet:"$output" $protos
"$python" -m grpc_tools.protoc -I . -I third_party --grpc_python_out="$output" --mypy_grpc_out=quiet:"$output" $services
cat $protos | sha256sum | cut -d ' ' -f 1 >"$output/affinis/protos.sha256"
