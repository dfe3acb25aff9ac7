#!/usr/bin/env bash
# Makes the stubs in gen/ from the protos, and notes the protos' digest beside them, which `npm run check` compares.
# Needs Go and the repository's node_modules (buf).
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
for plugin in google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12 google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2; do
  GOBIN=$tools go install "$plugin"
done
PATH=$tools:$PATH node_modules/.bin/buf generate --template clients/go/buf.gen.yaml
node tools/proto-digest.mjs >clients/go/gen/PROTO_SHA256
