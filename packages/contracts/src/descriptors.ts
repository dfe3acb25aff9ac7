import { readFile } from 'node:fs/promises';
import { BinaryReader } from '@bufbuild/protobuf/wire';

/** Every file of the contract as a serialised google.protobuf.FileDescriptorProto, imports and grpc.health.v1 included. */
export async function readFileDescriptors(): Promise<Uint8Array[]> {
  const reader = new BinaryReader(await readFile(new URL('../descriptors/affinis.binpb', import.meta.url)));
  const files: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) files.push(reader.bytes());
    else reader.skip(wireType);
  }
  return files;
}
