import type { ConfiguredMetric } from '../configured-metric.ts';
import type { AnyMetric, EmbeddingBlock } from '../metric.ts';
import type { SinglePipeline } from '../pipeline.ts';
import { assess, logVariance } from '../score-sides.ts';
import type { Verification } from '../verification.ts';
import type { GalleryRows } from './gallery-rows.ts';
import type { IdentityCandidate } from './identification.ts';
import { type EmbeddedProbe, queriesOf } from './probe.ts';
import { varianceLengthOf } from './row-block.ts';
import { packRows } from './row-feed.ts';
import type { Candidate } from './row-index.ts';
import type { StoredGallery, TemplateStore } from './template-store.ts';

export interface SearchParts {
  readonly gallery: StoredGallery;
  readonly store: Required<TemplateStore>;
  readonly rows: GalleryRows;
  readonly pipeline: SinglePipeline;
  readonly metric: ConfiguredMetric;
}

/** What one probe is like, and how many templates were searched. */
export interface Found {
  /** Best first. */
  readonly candidates: readonly (IdentityCandidate & Pick<Verification, 'reason'>)[];
  readonly searched: number;
  readonly scoreMs: number;
}

/** More than asked for, since a scan ranks by its own arithmetic and scores here decide. */
const margin = 8;
/** Searches where a template that was found is changed before it is scored. */
const attempts = 4;

/**
 * The `k` templates most alike each probe: candidates by scan, then scored from their exact rows in float64 by the metric
 * itself, so that scores are Verify's.
 */
export async function search(
  parts: SearchParts,
  probes: readonly EmbeddedProbe[],
  options: { readonly k: number; readonly filter?: Readonly<Record<string, string>>; readonly signal?: AbortSignal },
): Promise<readonly Found[]> {
  const { gallery, store, rows, metric } = parts;
  const { k, filter = {}, signal } = options;
  const started = performance.now();
  const queries = queriesOf(probes, gallery);
  const limits = { k: k + margin, ...(signal ? { signal } : {}) };
  for (let attempt = 1; ; attempt++) {
    const living = await rows.count();
    const allowed =
      Object.keys(filter).length === 0
        ? undefined
        : store.withMetadata(gallery.name, filter).filter((sequence) => !rows.expired(sequence));
    const found = await rows.search(metric, queries, allowed ? { ...limits, allowed } : limits);
    const searched = allowed?.length ?? living;
    const scored = await Promise.all(
      probes.map((probe, index) => scoreAgain(parts, probe, found[index] ?? [], signal)),
    );
    if (scored.some(({ changed }) => changed) && attempt < attempts) continue;
    const scoreMs = (performance.now() - started) / probes.length;
    return scored.map(({ candidates }) => ({
      candidates: candidates.slice(0, k).map((candidate) => withSearchFmr(candidate, searched)),
      searched,
      scoreMs,
    }));
  }
}

type Scored = IdentityCandidate & Pick<Verification, 'reason'>;

async function scoreAgain(
  parts: SearchParts,
  probe: EmbeddedProbe,
  found: readonly Candidate[],
  signal: AbortSignal | undefined,
): Promise<{ readonly candidates: readonly Scored[]; readonly changed: boolean }> {
  const { gallery, store, rows, pipeline } = parts;
  const read = found.flatMap(({ sequence }) => {
    const mean = new Float32Array(gallery.dimension);
    const variance = new Float32Array(varianceLengthOf(gallery));
    const templateId = store.idOf(gallery.name, sequence);
    const there = templateId !== undefined && store.readRow(gallery.name, sequence, mean, variance);
    return there ? [{ sequence, templateId, mean, variance }] : [];
  });
  const living = read.filter(({ sequence }) => !rows.expired(sequence));
  const scores = await scoresOf(pipeline.metric, probe, living, gallery, signal);
  const candidates = living.flatMap(({ templateId, variance }, row): Scored[] => {
    const score = scores[row] ?? Number.NaN;
    if (!Number.isFinite(score)) return [];
    const right =
      gallery.varianceKind === 'none' ? undefined : logVariance({ kind: gallery.varianceKind, values: variance });
    const { decision, reason, calibrated } = assess(pipeline, score, probe.logVariance, right);
    return [
      {
        templateId,
        score,
        decision,
        ...(reason === undefined ? {} : { reason }),
        ...(calibrated ? { calibrated } : {}),
      },
    ];
  });
  return { candidates: candidates.sort(byLikeness(pipeline)), changed: read.length < found.length };
}

async function scoresOf(
  metric: AnyMetric,
  { block }: EmbeddedProbe,
  living: readonly { readonly mean: Float32Array; readonly variance: Float32Array }[],
  gallery: StoredGallery,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const scores = new Float64Array(living.length);
  if (living.length === 0) return scores;
  const references = referencesOf(living, gallery, metric.needsVariance);
  if (!metric.remote) {
    metric.scoreBlock(block, references, scores);
    return scores;
  }
  const { space, varianceId } = gallery;
  const spaced = (rows: EmbeddingBlock) => ({ block: rows, space, varianceId });
  return metric.remote.scoreBlock(spaced(block), spaced(references), signal);
}

function referencesOf(
  rows: readonly { readonly mean: Float32Array; readonly variance: Float32Array }[],
  gallery: StoredGallery,
  withVariance: boolean,
): EmbeddingBlock {
  return packRows(
    withVariance ? rows : rows.map(({ mean }) => ({ mean, variance: new Float32Array() })),
    withVariance ? gallery : { ...gallery, varianceKind: 'none' },
  );
}

/** By what decides: the ratio where it also reads the samples' uncertainty, else the score. */
function byLikeness({ metric, readsQuality }: SinglePipeline): (a: Scored, b: Scored) => number {
  const sign = metric.polarity === 'similarity' ? 1 : -1;
  const likeness = ({ score, calibrated }: Scored) => (readsQuality && calibrated ? calibrated.llr : sign * score);
  return (a, b) => likeness(b) - likeness(a);
}

function withSearchFmr(candidate: Scored, searched: number): Scored {
  const { calibrated } = candidate;
  return calibrated ? { ...candidate, searchFmr: Math.min(1, searched * calibrated.fmr) } : candidate;
}
