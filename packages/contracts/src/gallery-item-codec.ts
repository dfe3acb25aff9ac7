import { AffinisError, type EnrollMode, type Enrolment, type Probe, type SampleOrEmbedding } from '@affinis/core';
import { invalid } from './bytes.ts';
import { dateOf, timeFromProto } from './gallery-codec.ts';
import * as pb from './generated/affinis/v1/gallery.ts';
import type { Sample } from './generated/affinis/v1/sample.ts';
import { sampleFromProto, sampleToProto } from './sample-codec.ts';

/* Errors name fields relative to the item, as in item-codec.ts. */

export function enrollItemFromProto(item: pb.EnrollItem): Enrolment {
  const { templateId, samples, metadata, mode } = item;
  const consentAt = timeFromProto(item.consentAt, 'consent_at');
  const expiresAt = timeFromProto(item.expiresAt, 'expires_at');
  return {
    templateId,
    samples: samplesFromProto(samples),
    metadata,
    ...(consentAt === undefined ? {} : { consentAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    mode: modeFromProto(mode),
  };
}

export function enrollItemToProto(id: string, enrolment: Enrolment): pb.EnrollItem {
  const { templateId, samples, metadata = {}, consentAt, expiresAt, mode = 'add' } = enrolment;
  for (const [field, time] of Object.entries({ consent_at: consentAt, expires_at: expiresAt }))
    if (time !== undefined && Number.isNaN(new Date(time).getTime())) throw invalid('is no time', field);
  return {
    id,
    templateId,
    samples: samplesToProto(samples),
    metadata: { ...metadata },
    consentAt: dateOf(consentAt),
    expiresAt: dateOf(expiresAt),
    mode: modes[mode],
  };
}

export const identifyItemFromProto = ({ samples }: pb.IdentifyItem): Probe => samplesFromProto(samples);

export const identifyItemToProto = (id: string, probe: Probe): pb.IdentifyItem => ({
  id,
  samples: samplesToProto(probe),
});

const modes: Readonly<Record<EnrollMode, pb.EnrollMode>> = {
  add: pb.EnrollMode.ADD,
  replace: pb.EnrollMode.REPLACE,
  create: pb.EnrollMode.CREATE,
};

function modeFromProto(mode: pb.EnrollMode): EnrollMode {
  switch (mode) {
    case pb.EnrollMode.UNSPECIFIED:
    case pb.EnrollMode.ADD:
      return 'add';
    case pb.EnrollMode.REPLACE:
      return 'replace';
    case pb.EnrollMode.CREATE:
      return 'create';
    default:
      throw invalid('is unknown', 'mode');
  }
}

function samplesFromProto(samples: readonly Sample[]): readonly SampleOrEmbedding[] {
  if (samples.length === 0) throw invalid('is empty; send at least one', 'samples', 'EMPTY');
  return samples.map((sample, index) => sampleFromProto(sample, `samples[${index}]`));
}

function samplesToProto(samples: readonly SampleOrEmbedding[]): Sample[] {
  return samples.map((sample, index) => {
    try {
      return sampleToProto(sample);
    } catch (thrown) {
      throw AffinisError.from(thrown, 'contracts').at(`samples[${index}]`);
    }
  });
}
