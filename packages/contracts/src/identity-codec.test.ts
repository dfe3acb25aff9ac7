import { EmbedderDescription } from './generated/affinis/v1/embedder.ts';
import { MetricDescription } from './generated/affinis/v1/metric.ts';
import { PipelineDescription } from './generated/affinis/v1/similarity.ts';
import type { EmbedderListing, MetricListing, PipelineListing } from './identity.ts';
import {
  embedderListingFromProto,
  embedderListingToProto,
  metricListingFromProto,
  metricListingToProto,
  pipelineListingFromProto,
  pipelineListingToProto,
} from './identity-codec.ts';

const model = { name: 'face-x', version: '2', sha256: 'ab'.repeat(32) };
const away = { available: false, reason: 'no such file', fix: 'run affinis models' } as const;

const embedders: readonly EmbedderListing[] = [
  { name: 'gone', availability: away },
  {
    name: 'face',
    availability: { available: true },
    description: {
      model,
      modality: 'image',
      dimension: 128,
      space: 's',
      unitNorm: true,
      uncertainty: 'diagonal',
      varianceId: 'v',
      licence: 'MIT',
    },
  },
];

test.each(embedders)('the listing of embedder $name survives the wire', (listing) => {
  const message = EmbedderDescription.decode(EmbedderDescription.encode(embedderListingToProto(listing)).finish());
  expect(embedderListingFromProto(message)).toEqual(listing);
});

const metrics: readonly MetricListing[] = [
  { name: 'cosine', polarity: 'similarity', description: 'd', unit: 'cosine, -1..1', needsVariance: false },
  { name: 'far', polarity: 'distance', description: 'd', unit: 'nats', needsVariance: true },
];

test.each(metrics)('the listing of metric $name survives the wire', (listing) => {
  const message = MetricDescription.decode(MetricDescription.encode(metricListingToProto(listing)).finish());
  expect(metricListingFromProto(message)).toEqual(listing);
});

const pipelines: readonly PipelineListing[] = [
  {
    name: 'face',
    modality: 'image',
    embedder: 'face',
    model,
    metric: { name: 'cosine', polarity: 'similarity' },
    threshold: { value: 0, source: 'calibration' },
    policy: { kind: 'fmr', fmr: 0.001 },
    calibration: '0123456789abcdef',
    isDefault: true,
    availability: { available: true },
  },
  {
    name: 'x',
    modality: 'text',
    embedder: 'y',
    metric: { name: 'l2', polarity: 'distance' },
    isDefault: false,
    availability: away,
  },
];

test.each(pipelines)('the listing of pipeline $name survives the wire', (listing) => {
  const message = PipelineDescription.decode(PipelineDescription.encode(pipelineListingToProto(listing)).finish());
  expect(pipelineListingFromProto(message)).toEqual(listing);
});
