import { readFileDescriptors } from '@affinis/contracts';
import type { Server } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';

/**
 * Lists these services. The descriptors are buf's own: those that proto-loader would make of them lose
 * their imports, and clients such as grpcurl cannot link them.
 */
export async function addReflection(server: Server, services: readonly string[]): Promise<void> {
  const files = await readFileDescriptors();
  const definition = { affinis: { fileDescriptorProtos: files.map((bytes) => Buffer.from(bytes)) } };
  new ReflectionService(definition as unknown as PackageDefinition, { services: [...services] }).addToServer(server);
}
