import { type SidesCache, verifyComposite } from './composite.ts';
import type { EmbedderHost } from './embedder-host.ts';
import { assertUsable, type Pipeline } from './pipeline.ts';
import { attempt, type Result } from './result.ts';
import { scoreSides } from './score-sides.ts';
import { embedSides, type Sides } from './sides.ts';
import type { Comparison, Verification } from './verification.ts';

/** Verifies a batch with one pipeline; a bad item fails alone, its error's field relative to the item. */
export async function verify(
  pipeline: Pipeline,
  items: readonly Comparison[],
  signal?: AbortSignal,
): Promise<readonly Result<Verification>[]> {
  return Promise.all(
    items.map((item) => attempt(() => verifyItem(pipeline, item, createSidesCache(item, signal), signal))),
  );
}

/** Verifies a batch with several pipelines, embedding each item once per distinct embedder. */
export async function compare(
  pipelines: readonly Pipeline[],
  items: readonly Comparison[],
  signal?: AbortSignal,
): Promise<readonly (readonly Result<Verification>[])[]> {
  return Promise.all(
    items.map((item) => {
      const cache = createSidesCache(item, signal);
      return Promise.all(pipelines.map((pipeline) => attempt(() => verifyItem(pipeline, item, cache, signal))));
    }),
  );
}

async function verifyItem(
  pipeline: Pipeline,
  item: Comparison,
  sides: SidesCache,
  signal: AbortSignal | undefined,
): Promise<Verification> {
  assertUsable(pipeline);
  if (pipeline.kind === 'composite') return verifyComposite(pipeline, item, sides, signal);
  return scoreSides(pipeline, await sides(pipeline), signal);
}

function createSidesCache(item: Comparison, signal: AbortSignal | undefined): SidesCache {
  const whole = new Map<EmbedderHost, Promise<Sides>>();
  const parts = new Map<EmbedderHost, Promise<Sides>>();
  return (pipeline, keep) => {
    const known = keep ? parts : whole;
    const kept = keep ? { left: item.left.filter(keep), right: item.right.filter(keep) } : item;
    const sides = known.get(pipeline.embedder) ?? embedSides(pipeline.embedder, kept, signal);
    known.set(pipeline.embedder, sides);
    return sides;
  };
}
