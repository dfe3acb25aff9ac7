import type { Sample } from '@affinis/core';

/** Samples that identification is measured on. */
export interface IdentificationSet {
  /** The server's embedder; its pipelines are `EMBEDDER-METRIC`. */
  readonly embedder: 'face' | 'voice';
  /** Files of the development data that it is made of. */
  readonly files: readonly string[];
  /** The modality that degrades, as a plugin. */
  readonly plugin: string;
  read(): Promise<IdentificationSamples>;
}

export interface IdentificationSamples {
  /** One sample of each identity that is enrolled. */
  readonly enrolled: readonly OwnedSample[];
  /** Other samples of those. */
  readonly mates: readonly OwnedSample[];
  /** Samples of people who are not enrolled. */
  readonly strangers: readonly OwnedSample[];
  /** The rest of the data and what is enrolled: more embeddings to scan. */
  readonly others: readonly OwnedSample[];
}

export interface OwnedSample {
  readonly subject: string;
  readonly sample: Sample;
}

/** Groups by subject, subjects sorted by name, samples as they come. */
export function bySubject(samples: readonly OwnedSample[]): [subject: string, samples: OwnedSample[]][] {
  const groups = new Map<string, OwnedSample[]>();
  for (const each of samples) groups.set(each.subject, [...(groups.get(each.subject) ?? []), each]);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}
