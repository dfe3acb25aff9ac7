import type { ModelIdentity } from '@affinis/core';
import { policyFromProto, policyToProto, thresholdFromProto, thresholdSourceToProto } from './decision-codec.ts';
import { varianceKindFromProto, varianceKindToProto } from './embedding-codec.ts';
import type { EmbedderDescription } from './generated/affinis/v1/embedder.ts';
import * as pb from './generated/affinis/v1/identity.ts';
import type { MetricDescription } from './generated/affinis/v1/metric.ts';
import type { PipelineDescription } from './generated/affinis/v1/similarity.ts';
import type {
  Availability,
  EmbedderListing,
  MetricIdentity,
  MetricListing,
  PipelineIdentity,
  PipelineListing,
  Polarity,
} from './identity.ts';

export const modelToProto = ({ name, version, sha256 }: ModelIdentity): pb.ModelIdentity => ({ name, version, sha256 });

export const modelFromProto = (message: pb.ModelIdentity | undefined): ModelIdentity =>
  message ?? { name: '', version: '', sha256: '' };

export const metricToProto = ({ name, polarity }: MetricIdentity): pb.MetricIdentity => ({
  name,
  polarity: polarityToProto(polarity),
});

export const metricFromProto = (message: pb.MetricIdentity | undefined): MetricIdentity => ({
  name: message?.name ?? '',
  polarity: polarityFromProto(message?.polarity),
});

export const pipelineToProto = ({ pipeline, model, metric }: PipelineIdentity): pb.PipelineIdentity => ({
  pipeline,
  model: modelToProto(model),
  metric: metricToProto(metric),
});

export const pipelineFromProto = (message: pb.PipelineIdentity | undefined): PipelineIdentity => ({
  pipeline: message?.pipeline ?? '',
  model: modelFromProto(message?.model),
  metric: metricFromProto(message?.metric),
});

export function embedderListingToProto({ name, availability, description }: EmbedderListing): EmbedderDescription {
  return {
    name,
    modality: description?.modality ?? '',
    model: description && modelToProto(description.model),
    dimension: description?.dimension ?? 0,
    space: description?.space ?? '',
    unitNorm: description?.unitNorm ?? false,
    uncertainty: varianceKindToProto(description?.uncertainty ?? 'none'),
    varianceId: description?.varianceId ?? '',
    licence: description?.licence ?? '',
    availability: availabilityToProto(availability),
  };
}

export function embedderListingFromProto(message: EmbedderDescription): EmbedderListing {
  const { name, model, modality, dimension, space, unitNorm, varianceId, licence } = message;
  const availability = availabilityFromProto(message.availability);
  if (!model) return { name, availability };
  const uncertainty = varianceKindFromProto(message.uncertainty);
  const variance = varianceId === '' ? {} : { varianceId };
  return {
    name,
    availability,
    description: { model, modality, dimension, space, unitNorm, uncertainty, licence, ...variance },
  };
}

export function metricListingToProto({
  name,
  description,
  unit,
  polarity,
  needsVariance,
}: MetricListing): MetricDescription {
  return { name, description, unit, polarity: polarityToProto(polarity), needsVariance };
}

export const metricListingFromProto = (message: MetricDescription): MetricListing => ({
  ...message,
  polarity: polarityFromProto(message.polarity),
});

export function pipelineListingToProto(listing: PipelineListing): PipelineDescription {
  const { name, modality, embedder, model, metric, threshold, policy, calibration, isDefault, availability } = listing;
  return {
    name,
    modality,
    embedder,
    model: model && modelToProto(model),
    metric: metricToProto(metric),
    threshold: threshold?.value,
    thresholdSource: thresholdSourceToProto(threshold),
    policy: policyToProto(policy),
    calibration: calibration ?? '',
    isDefault,
    availability: availabilityToProto(availability),
  };
}

export function pipelineListingFromProto(message: PipelineDescription): PipelineListing {
  const { name, modality, embedder, model, isDefault } = message;
  const policy = policyFromProto(message.policy, message.thresholdSource);
  return {
    name,
    modality,
    embedder,
    ...(model ? { model } : {}),
    metric: metricFromProto(message.metric),
    ...thresholdFromProto(message.threshold, message.thresholdSource),
    ...(policy ? { policy } : {}),
    ...(message.calibration === '' ? {} : { calibration: message.calibration }),
    isDefault,
    availability: availabilityFromProto(message.availability),
  };
}

const polarityToProto = (polarity: Polarity): pb.Polarity =>
  polarity === 'similarity' ? pb.Polarity.SIMILARITY : pb.Polarity.DISTANCE;

const polarityFromProto = (polarity: pb.Polarity | undefined): Polarity =>
  polarity === pb.Polarity.DISTANCE ? 'distance' : 'similarity';

const availabilityToProto = (availability: Availability): pb.Availability => ({ reason: '', fix: '', ...availability });

const availabilityFromProto = (message: pb.Availability | undefined): Availability =>
  message?.available
    ? { available: true }
    : { available: false, reason: message?.reason ?? '', fix: message?.fix ?? '' };
