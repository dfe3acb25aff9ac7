import type { Embedding } from '../embedding.ts';
import { AffinisError } from '../errors.ts';
import { type FusionKind, fuse } from '../fusion.ts';
import type { Enrolment } from './gallery.ts';
import type { Template, TemplateSource } from './template-store.ts';

/** A template whose sources are not fused yet, so that several changes are fused once. */
export type TemplateDraft = Omit<Template, 'fused'>;

export interface EnrolledSamples {
  readonly enrolment: Enrolment;
  /** As the gallery keeps them, one a sample. */
  readonly embeddings: readonly Embedding[];
  readonly now: number;
  readonly maxSources: number;
}

/** The template after an enrolment; `current` is what lives under the id now. Throws `already-exists` in mode `create`. */
export function enrolInto(current: TemplateDraft | undefined, samples: EnrolledSamples): TemplateDraft {
  const { enrolment, embeddings, now, maxSources } = samples;
  const { templateId, mode = 'add' } = enrolment;
  if (current && mode === 'create')
    throw new AffinisError('already-exists', '[core] template_id is enrolled; delete it, or use mode ADD or REPLACE', {
      field: 'template_id',
      reason: 'TEMPLATE_EXISTS',
    });
  const base = mode === 'add' ? current : undefined;
  const sources = [
    ...(base?.sources ?? []),
    ...embeddings.map((embedding): TemplateSource => ({ embedding, enrolledAt: now })),
  ];
  const consentAt = enrolment.consentAt ?? base?.consentAt;
  const expiresAt = enrolment.expiresAt ?? base?.expiresAt;
  return {
    id: templateId,
    sources: surest(sources, maxSources),
    metadata: { ...base?.metadata, ...enrolment.metadata },
    createdAt: current?.createdAt ?? now,
    updatedAt: now,
    ...(consentAt === undefined ? {} : { consentAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** Throws `invalid-argument` under `samples` where the sources cancel out. */
export function finish(draft: TemplateDraft, fusion: FusionKind): Template {
  const { sources } = draft;
  return {
    ...draft,
    fused: fuse(
      sources.map(({ embedding }) => embedding),
      fusion,
    ),
  };
}

/** The `most` of lowest mean variance, of equals (or without variance) the newest; their order stays. */
function surest(sources: readonly TemplateSource[], most: number): readonly TemplateSource[] {
  if (sources.length <= most) return sources;
  const ranked = sources.map((source, position) => ({ source, position, variance: meanVariance(source) }));
  ranked.sort((a, b) => a.variance - b.variance || b.position - a.position);
  return ranked
    .slice(0, most)
    .sort((a, b) => a.position - b.position)
    .map(({ source }) => source);
}

function meanVariance({ embedding: { variance } }: TemplateSource): number {
  if (!variance) return 0;
  let sum = 0;
  for (const value of variance.values) sum += value;
  return sum / variance.values.length;
}
