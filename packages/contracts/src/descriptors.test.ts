import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { readFileDescriptors } from './descriptors.ts';
import { EmbedderService } from './generated/affinis/v1/embedder.ts';
import { MetricService } from './generated/affinis/v1/metric.ts';
import { SimilarityService } from './generated/affinis/v1/similarity.ts';
import { HealthService } from './generated/grpc/health/v1/health.ts';

test('the descriptors link, and describe every method that the generated code serves, health included', async () => {
  const file = (await readFileDescriptors()).map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  // Throws where an import or a type is missing.
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
  const services = {
    'affinis.v1.Embedder': EmbedderService,
    'affinis.v1.Metric': MetricService,
    'affinis.v1.Similarity': SimilarityService,
    'grpc.health.v1.Health': HealthService,
  };
  for (const [name, service] of Object.entries(services))
    expect(registry.getService(name)?.methods.map((method) => `/${name}/${method.name}`)).toEqual(
      Object.values(service).map(({ path }) => path),
    );
});
