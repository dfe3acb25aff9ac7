#!/bin/sh
# Makes the stubs in src/affinis from the protos, and notes the protos' digest beside them, which `npm run check` compares:
# generate.sh [PYTHON [OUTPUT]]. PYTHON has what requirements-dev.txt names.
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
[ $# -gt 1 ] || node ../tools/proto-digest.mjs >../clients/python/src/affinis/PROTO_SHA256
