import assert from 'node:assert/strict';
import type { StoredTemplate } from '@affinis/core';

/** Versions of a gallery's templates by id; null: there is no such gallery. */
export type Contents = ReadonlyMap<string, number> | null;

/** What a store must hold after its server was killed: what was acknowledged, or what was under way. */
export interface PromisedGalleries {
  /** What is known to be there. */
  contents(gallery: string): Contents;
  /** The gallery is being made or deleted. Returns what to call when that is acknowledged. */
  replace(gallery: string, wanted: Contents): () => void;
  /** A template is being written or (null) deleted. Returns what to call when that is acknowledged. */
  change(gallery: string, id: string, version: number | null): () => void;
  /** Throws where anything else is there, and takes what is there as acknowledged. */
  check(gallery: string, found: Contents): void;
  /** All of them in words of numbers. */
  readonly acknowledged: { readonly writes: number; readonly deletions: number };
  readonly galleries: readonly string[];
}

interface Promised {
  settled: Contents;
  /** The gallery as a whole may be this already. */
  pending?: Contents;
  readonly changes: Map<string, number | null>;
}

export function createPromisedGalleries(): PromisedGalleries {
  const promised = new Map<string, Promised>();
  const acknowledged = { writes: 0, deletions: 0 };
  const of = (name: string): Promised => {
    const known = promised.get(name) ?? { settled: null, changes: new Map() };
    promised.set(name, known);
    return known;
  };
  return {
    acknowledged,
    get galleries() {
      return [...promised.keys()];
    },
    contents: (gallery) => of(gallery).settled,
    replace(gallery, wanted) {
      const state = of(gallery);
      state.pending = wanted;
      return () => {
        state.settled = wanted;
        delete state.pending;
        acknowledged[wanted === null ? 'deletions' : 'writes']++;
      };
    },
    change(gallery, id, version) {
      const state = of(gallery);
      state.changes.set(id, version);
      return () => {
        state.changes.delete(id);
        state.settled = withVersion(state.settled, id, version);
        acknowledged[version === null ? 'deletions' : 'writes']++;
      };
    },
    check(gallery, found) {
      const state = of(gallery);
      const whole = 'pending' in state && same(found, state.pending ?? null);
      if (!whole) checkTemplates(gallery, state, found);
      promised.set(gallery, { settled: found, changes: new Map() });
    },
  };
}

function checkTemplates(gallery: string, { settled, changes }: Promised, found: Contents): void {
  if (settled === null) assert.equal(found, null, `gallery ${gallery} came back`);
  else assert.notEqual(found, null, `gallery ${gallery} is lost`);
  for (const id of new Set([...(settled?.keys() ?? []), ...changes.keys(), ...(found?.keys() ?? [])])) {
    const version = found?.get(id) ?? null;
    const before = settled?.get(id) ?? null;
    if (version === before || (changes.has(id) && version === changes.get(id))) continue;
    const what = version === null ? 'is lost' : before === null ? 'came back' : `is of version ${version}`;
    assert.fail(`template ${id} of ${gallery} ${what}; version ${before} was acknowledged`);
  }
}

function withVersion(settled: Contents, id: string, version: number | null): Contents {
  const next = new Map(settled ?? []);
  if (version === null) next.delete(id);
  else next.set(id, version);
  return next;
}

function same(left: Contents, right: Contents): boolean {
  if (left === null || right === null) return left === right;
  return left.size === right.size && [...left].every(([id, version]) => right.get(id) === version);
}

/** Bytes that belong to a version, so that a template of two halves is found. */
export const vectorOf = (version: number, dimension: number): Float32Array => {
  const mean = new Float32Array(dimension);
  mean[version % dimension] = 0.6;
  mean[(version + 1 + (version % (dimension - 1))) % dimension] = 0.8;
  return mean;
};

/** The version that a whole template is of; throws where its parts are not of one. */
export function versionOf({ id, metadata, fused, sources }: StoredTemplate): number {
  const version = Number(metadata.version);
  const vector = vectorOf(version, fused.mean.length);
  assert.deepEqual(fused.mean, vector, `template ${id} of version ${version} has another vector`);
  assert.equal(sources.length, 1, `template ${id} has not one source`);
  return version;
}
