import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { reflect } from '../testing/reflection-client.ts';
import { useServer, withServer } from '../testing/use-server.ts';

const config =
  'embedders: { absent: { model: none-such } }\npipelines: { absent: { embedder: absent, metric: cosine } }\n';
const server = useServer({ config });

describe('health', () => {
  it.each([
    '',
    'affinis.v1.Embedder',
    'affinis.v1.Metric',
    'affinis.v1.Similarity',
    'pipelines/face',
    'pipelines/voice-cosine',
    'pipelines/text',
  ])('of "%s" is serving', async (service) => {
    expect(await server().client.health(service)).toBe('serving');
  });

  it('of a pipeline without its model is not serving, while the server serves and says what to do', async () => {
    expect(await server().client.health('pipelines/absent')).toBe('not-serving');
    const absent = (await server().client.listPipelines()).find(({ name }) => name === 'absent');
    expect(absent).toMatchObject({
      isDefault: false,
      availability: {
        available: false,
        reason: expect.stringContaining('no model "none-such"'),
        fix: expect.stringContaining('models/none-such/1/'),
      },
    });
  });

  it('is watched until the server stops', async () => {
    await withServer({}, async (other) => {
      const states: string[] = [];
      for await (const state of other.client.watch('pipelines/face')) {
        states.push(state);
        if (state === 'serving') process.kill(other.pid, 'SIGTERM');
        else break;
      }
      expect(states).toEqual(['serving', 'not-serving']);
    });
  });
});

describe('reflection', () => {
  it('lists every service, health included', async () => {
    const [answer] = await reflect(server().address, [{ listServices: '' }]);
    expect(answer?.listServicesResponse?.service.map(({ name }) => name).toSorted()).toEqual([
      'affinis.v1.Embedder',
      'affinis.v1.Gallery',
      'affinis.v1.Metric',
      'affinis.v1.Similarity',
      'grpc.health.v1.Health',
    ]);
  });

  it.each(['affinis.v1.Similarity', 'grpc.health.v1.Health'])('gives files of %s that link', async (symbol) => {
    const [answer] = await reflect(server().address, [{ fileContainingSymbol: symbol }]);
    const bytes = answer?.fileDescriptorResponse?.fileDescriptorProto ?? [];
    const file = bytes.map((each) => fromBinary(FileDescriptorProtoSchema, each));
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: dependenciesFirst(file) }));
    expect(registry.getService(symbol)?.methods).not.toHaveLength(0);
  });
});

function dependenciesFirst<F extends { readonly name: string; readonly dependency: readonly string[] }>(
  files: readonly F[],
): F[] {
  const sorted: F[] = [];
  const add = (file: F) => {
    if (sorted.includes(file)) return;
    for (const name of file.dependency) for (const other of files) if (other.name === name) add(other);
    sorted.push(file);
  };
  for (const file of files) add(file);
  return sorted;
}
