import { AffinisError, type Comparison, type Embedding, type Sample, type SampleOrEmbedding } from '@affinis/core';
import { invalid } from './bytes.ts';
import { embeddingFromProto } from './embedding-codec.ts';
import type { EmbedItem } from './generated/affinis/v1/embedder.ts';
import type { ScorePair } from './generated/affinis/v1/metric.ts';
import type { Side, VerifyItem } from './generated/affinis/v1/similarity.ts';
import { rawSampleFromProto, sampleFromProto, sampleToProto } from './sample-codec.ts';

/*
 * Items of a batch. Errors name fields relative to the item (`left.samples[0].media.data`); whoever holds the batch adds
 * `items[3]` by `AffinisError.at`.
 */

export const embedItemFromProto = ({ sample }: EmbedItem): Sample => rawSampleFromProto(sample, 'sample');

export const embedItemToProto = (id: string, sample: Sample): EmbedItem => ({ id, sample: sampleToProto(sample) });

export const scorePairFromProto = ({
  left,
  right,
}: ScorePair): { readonly left: Embedding; readonly right: Embedding } => ({
  left: embeddingFromProto(left, 'left'),
  right: embeddingFromProto(right, 'right'),
});

export const verifyItemFromProto = ({ left, right }: VerifyItem): Comparison => ({
  left: sideFromProto(left, 'left'),
  right: sideFromProto(right, 'right'),
});

export const verifyItemToProto = (id: string, { left, right }: Comparison): VerifyItem => ({
  id,
  left: sideToProto(left, 'left'),
  right: sideToProto(right, 'right'),
});

function sideFromProto(message: Side | undefined, field: string): readonly SampleOrEmbedding[] {
  if (!message || message.samples.length === 0)
    throw invalid('has no samples; send at least one', `${field}.samples`, 'EMPTY');
  return message.samples.map((sample, index) => sampleFromProto(sample, `${field}.samples[${index}]`));
}

function sideToProto(samples: readonly SampleOrEmbedding[], field: string): Side {
  return {
    samples: samples.map((sample, index) => {
      try {
        return sampleToProto(sample);
      } catch (thrown) {
        throw AffinisError.from(thrown, 'contracts').at(`${field}.samples[${index}]`);
      }
    }),
  };
}
