import { type AnonymousSpec, createEmbedderLeases } from './embedder-leases.ts';
import { AffinisError } from './errors.ts';
import { toyDescription } from './testing/toys.ts';

/** A pool that says what it was asked for; loads of a type in `failing` fail as told. */
function createPool(failing: Record<string, AffinisError> = {}) {
  const calls: string[] = [];
  return {
    calls,
    failing,
    async load({ name, source }: { name: string; source: AnonymousSpec['source'] }) {
      calls.push(`load ${name.split('#')[0]}`);
      const error = 'type' in source ? failing[source.type] : undefined;
      if (error) throw error;
      return toyDescription;
    },
    async unload(name: string) {
      calls.push(`unload ${name.split('#')[0]}`);
    },
  };
}

const models = (versions: Record<string, string> = {}) => ({
  find: async (reference: string) => {
    const version = versions[reference];
    if (version === undefined) throw new AffinisError('not-found', '[core] no model');
    return { folder: `/models/${reference}/${version}`, manifest: { name: reference, version } } as never;
  },
});
const code = (type: string, options = {}): AnonymousSpec => ({ source: { type }, options, uncertainty: 'head' });
const lost = new AffinisError('unavailable', '[core] a worker thread ended', { reason: 'WORKER_LOST' });
const refused = new AffinisError('failed-precondition', '[toy] refused');

describe('embedders in a pool', () => {
  it('are loaded once for each specification, and unloaded with their last holder', async () => {
    const pool = createPool();
    const leases = createEmbedderLeases(pool, models());
    const [a, b] = await Promise.all([leases.acquire(code('toy')), leases.acquire(code('toy'))]);
    const other = await leases.acquire(code('toy', { size: 2 }));
    expect(a.key).toBe(b.key);
    expect(a.key).not.toBe(other.key);
    expect(pool.calls).toEqual(['load toy', 'load toy']);
    await a.release();
    expect(pool.calls).toHaveLength(2);
    await b.release();
    await other.release();
    expect(pool.calls.slice(2)).toEqual(['unload toy', 'unload toy']);
    await leases.acquire(code('toy'));
    expect(pool.calls.at(-1)).toBe('load toy');
  });

  it('are others once a model has another version', async () => {
    const versions: Record<string, string> = { m: '1' };
    const leases = createEmbedderLeases(createPool(), models(versions));
    const spec: AnonymousSpec = { source: { model: 'm' }, options: {} };
    const first = await leases.acquire(spec);
    expect((await leases.acquire(spec)).key).toBe(first.key);
    versions.m = '2';
    expect((await leases.acquire(spec)).key).not.toBe(first.key);
  });

  it('that cannot be loaded are tried again by the next, and never unloaded', async () => {
    const pool = createPool({ toy: refused });
    const leases = createEmbedderLeases(pool, models());
    const failed = await leases.acquire(code('toy'));
    expect(failed.state).toMatchObject({ available: false, reason: '[toy] refused' });
    delete pool.failing.toy;
    const mended = await leases.acquire(code('toy'));
    expect(mended.state.available).toBe(true);
    await failed.release();
    expect(pool.calls).toEqual(['load toy', 'load toy']);
    await mended.release();
    expect(pool.calls.at(-1)).toBe('unload toy');
  });

  it('that cost a thread its life are not tried again while anybody knows of it', async () => {
    const pool = createPool({ toy: lost });
    const leases = createEmbedderLeases(pool, models());
    const first = await leases.acquire(code('toy'));
    const second = await leases.acquire(code('toy'));
    expect([first.state.available, second.state.available, pool.calls.length]).toEqual([false, false, 1]);
    await first.release();
    await second.release();
    delete pool.failing.toy;
    expect((await leases.acquire(code('toy'))).state.available).toBe(true);
  });
});
