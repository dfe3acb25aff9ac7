import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { readDescriptorSet } from './descriptors.ts';
import { EmbedderService } from './generated/affinis/v1/embedder.ts';
import { MetricService } from './generated/affinis/v1/metric.ts';
import { SimilarityService } from './generated/affinis/v1/similarity.ts';
import { HealthService } from './generated/grpc/health/v1/health.ts';

test('the descriptor set describes every method that the generated code serves, health included', async () => {
  const described = loadFileDescriptorSetFromBuffer(await readDescriptorSet());
  const services = {
    'affinis.v1.Embedder': EmbedderService,
    'affinis.v1.Metric': MetricService,
    'affinis.v1.Similarity': SimilarityService,
    'grpc.health.v1.Health': HealthService,
  };
  for (const [name, service] of Object.entries(services))
    expect(Object.values(described[name] ?? {}).map(({ path }) => path)).toEqual(
      Object.values(service).map(({ path }) => path),
    );
});
