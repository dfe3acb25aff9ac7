import { type Config, configSchema, type Offers } from '@affinis/core';
import { keepBound } from './bound-fields.ts';
import { configChanges } from './config-changes.ts';

const configOf = (more: object = {}): Config =>
  configSchema.parse({
    plugins: ['a'],
    embedders: { e: { model: 'm', options: { apiKey: 'one', faces: 'single' } } },
    pipelines: { p: { embedder: 'e', metric: 'cosine', policy: { threshold: 1 } } },
    defaults: {},
    ...more,
  });
const offers: Offers = { metrics: [], embedders: [] };
const changes = (after: object, before: object = {}) => configChanges(configOf(before), configOf(after), offers);

describe('changes of a configuration in words', () => {
  it('are none where nothing has changed', () => {
    expect(changes({})).toEqual([]);
  });

  it('name each field with both values', () => {
    const pipelines = {
      p: { embedder: 'e', metric: 'mls', policy: { fmr: 0.01 }, maxVariance: 2 },
      q: { embedder: 'e', metric: 'cosine' },
    };
    expect(changes({ plugins: ['a', 'b'], pipelines })).toEqual([
      'plugins: ["a"] → ["a","b"]',
      'pipelines.p.metric: cosine → mls',
      'pipelines.p.policy.threshold: removed (was 1)',
      'pipelines.p.policy.fmr: added: 0.01',
      'pipelines.p.maxVariance: added: 2',
      'pipelines.q: added: {"embedder":"e","metric":"cosine","prior":0.5,"fusion":"mean"}',
    ]);
  });

  it('cut what is long, and hide secrets, of which they tell that they differ', () => {
    const embedders = { e: { model: 'm', options: { apiKey: 'two', faces: 'x'.repeat(500) } } };
    const [secret, long = ''] = changes({ embedders });
    expect(secret).toBe('embedders.e.options.apiKey: (secret 1) → (secret 2)');
    expect(long).toMatch(/^embedders\.e\.options\.faces: single → x{200}…$/);
  });
});

describe('what is bound at the start', () => {
  const admin = { port: 1, tokensFile: 't' };

  it('stays as it runs, and the rest is taken', () => {
    const next = configOf({ server: { port: 7, maxBatchItems: 9, reflection: false }, galleries: { path: 'x' } });
    const kept = keepBound(configOf(), next);
    expect(configChanges(configOf(), kept, offers)).toEqual(['server.maxBatchItems: 256 → 9']);
    expect(configChanges(kept, next, offers)).toEqual([
      'galleries.path: galleries → x',
      'server.port: 50051 → 7',
      'server.reflection: true → false',
    ]);
  });

  it('of the admin port is where it is and whether there is one, not who may call it', () => {
    expect(keepBound(configOf(), configOf({ admin })).admin).toBeUndefined();
    expect(keepBound(configOf({ admin }), configOf()).admin).toEqual(configOf({ admin }).admin);
    const moved = keepBound(configOf({ admin }), configOf({ admin: { port: 2, tokensFile: 'u' } }));
    expect(moved.admin).toMatchObject({ port: 1, tokensFile: 'u' });
  });
});
