import { readFile } from 'node:fs/promises';

/** A serialised google.protobuf.FileDescriptorSet of the whole contract, grpc.health.v1 included: for server reflection. */
export const readDescriptorSet = (): Promise<Buffer> =>
  readFile(new URL('../descriptors/affinis.binpb', import.meta.url));
