import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { credentials, makeGenericClientConstructor, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

interface Answer {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Uint8Array[] };
}

interface ReflectionCall {
  on(event: 'data', listener: (answer: Answer) => void): ReflectionCall;
  on(event: 'end', listener: () => void): ReflectionCall;
  on(event: 'error', listener: (error: Error) => void): ReflectionCall;
  write(request: object): void;
  end(): void;
}

/** One answer a request of `grpc.reflection.v1`, as grpcurl and other tools ask. */
export async function reflect(address: string, requests: readonly object[]): Promise<Answer[]> {
  const folder = dirname(createRequire(import.meta.url).resolve('@grpc/reflection/package.json'));
  const definitions = loadSync(join(folder, 'build/proto/grpc/reflection/v1/reflection.proto'));
  const service = definitions['grpc.reflection.v1.ServerReflection'] as ServiceDefinition;
  const Client: ServiceClientConstructor = makeGenericClientConstructor(service, 'ServerReflection');
  const client = new Client(address, credentials.createInsecure());
  try {
    const call = (client as unknown as { ServerReflectionInfo(): ReflectionCall }).ServerReflectionInfo();
    const answers: Answer[] = [];
    const ended = new Promise<void>((resolve, reject) => {
      call
        .on('data', (answer) => answers.push(answer))
        .on('end', resolve)
        .on('error', reject);
    });
    for (const request of requests) call.write(request);
    call.end();
    await ended;
    return answers;
  } finally {
    client.close();
  }
}
