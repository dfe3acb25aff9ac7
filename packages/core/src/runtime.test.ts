import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { configSchema } from './config/schema.ts';
import { findPipeline } from './runtime.ts';

const here = import.meta.dirname ?? __dirname;
const plugin = pathToFileURL(join(here, 'testing/toy-plugin.mjs')).href;
const run = promisify(execFile);

/** What a runtime of this configuration says of itself. Fails where its process does not end by itself. */
async function runtimeOf(config: string, more: object = {}): Promise<Record<string, unknown>> {
  const input = JSON.stringify({ config, pluginUrls: [plugin], modelRoots: [], ...more });
  const { stdout } = await run(process.execPath, [join(here, 'testing/run-runtime.mjs'), input], { timeout: 20_000 });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const toy = `
workers: { count: 1 }
embedders: { toy: { type: toy } }
pipelines: { toy: { embedder: toy, metric: dot, policy: { threshold: 0.5 } } }
`;

describe('createRuntime', () => {
  it('makes pipelines that answer, and ends its threads', async () => {
    expect(await runtimeOf(toy, { texts: ['a', 'b'] })).toMatchObject({
      embedders: [{ name: 'toy', available: true }],
      pipelines: [{ name: 'toy', metricName: 'dot', policy: { kind: 'threshold', source: 'config' }, threshold: 0.5 }],
      metrics: ['dot'],
      verification: { ok: true, value: { score: 1, decision: 'match' } },
    });
  });

  it('keeps the others where an embedder cannot be loaded', async () => {
    const config = `
workers: { count: 1 }
embedders: { a: { model: gone }, b: { type: toy, options: { load: exit } }, c: { type: toy, options: { load: refused } }, toy: { type: toy } }
pipelines: { a: { embedder: a, metric: dot }, toy: { embedder: toy, metric: dot } }
`;
    expect(await runtimeOf(config, { texts: ['a'] })).toMatchObject({
      embedders: [
        { name: 'a', available: false, reason: expect.stringContaining('put model.yaml') },
        { name: 'b', available: false, reason: expect.stringContaining('worker thread ended') },
        { name: 'c', available: false, reason: '[toy] refused' },
        { name: 'toy', available: true },
      ],
      pipelines: [{ name: 'a' }, { name: 'toy' }],
      verification: { ok: true },
    });
  });

  it('makes a pipeline unavailable whose fusion or bound needs an uncertainty that its embedder has not', async () => {
    const config = `
workers: { count: 1 }
embedders: { toy: { type: toy, options: { uncertainty: none } }, sure: { type: toy } }
pipelines:
  fused: { embedder: toy, metric: dot, fusion: inverse-variance }
  bounded: { embedder: toy, metric: dot, maxVariance: 1 }
  plain: { embedder: toy, metric: dot, fusion: mean }
  fine: { embedder: sure, metric: dot, fusion: gaussian-product }
`;
    const { pipelines } = await runtimeOf(config);
    expect(pipelines).toEqual([
      {
        name: 'fused',
        metricName: 'dot',
        reason: expect.stringContaining('fusion "inverse-variance" needs an embedder with uncertainty'),
      },
      { name: 'bounded', metricName: 'dot', reason: expect.stringContaining('maxVariance needs an embedder') },
      { name: 'plain', metricName: 'dot' },
      { name: 'fine', metricName: 'dot' },
    ]);
  });

  it('makes metrics with the population of the space that they score', async () => {
    const config = toy.replace('{ type: toy }', '{ type: toy, options: { uncertainty: fitted } }');
    // The toy's metric weighs by the population's variance, 0.5 along the first axis.
    expect(await runtimeOf(config, { texts: ['a'] })).toMatchObject({ verification: { value: { score: 0.5 } } });
  });

  it('builds only what the wanted pipelines need', async () => {
    const config = `${toy.replace('toy: { type: toy }', 'toy: { type: toy }, more: { type: toy }')}  `.replace(
      'pipelines: {',
      'pipelines: { more: { embedder: more, metric: dot },',
    );
    expect(await runtimeOf(config, { only: ['more'] })).toMatchObject({
      embedders: [{ name: 'more' }],
      pipelines: [{ name: 'more' }],
    });
  });

  it('has every metric under its id and those named in the configuration', async () => {
    const { metrics, pipelines } = await runtimeOf(
      `${toy}metrics: { double: { type: dot, parameters: { factor: 2 } } }`,
    );
    expect(metrics).toEqual(['dot', 'double']);
    expect(pipelines).toHaveLength(1);
  });

  it('gives a metric the file that its parameters name, from the folder of the configuration', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'affinis-runtime-'));
    try {
      writeFileSync(join(folder, 'weight.txt'), '0.25');
      const config = `${toy.replace('metric: dot', 'metric: mine')}metrics: { mine: { type: learned, parameters: { file: weight.txt } } }`;
      expect(await runtimeOf(config, { folder, texts: ['a'] })).toMatchObject({
        metrics: ['dot', 'mine'],
        verification: { value: { score: 0.25 } },
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('gives a combinator the metrics that it wraps, with the population of what they score', async () => {
    const config = `${toy.replace('metric: dot', 'metric: four').replace('{ type: toy }', '{ type: toy, options: { uncertainty: fitted } }')}
metrics: { four: { type: twice, parameters: { of: two } }, two: { type: twice, parameters: { of: dot } } }`;
    // The population's variance along the first axis, 0.5, and twice of twice.
    expect(await runtimeOf(config, { texts: ['a'] })).toMatchObject({ verification: { value: { score: 2 } } });
  });

  it.each([
    [
      'a combinator that wraps itself',
      `${toy}metrics: { a: { type: twice, parameters: { of: b } }, b: { type: twice, parameters: { of: a } } }`,
      {},
      'metrics.a.parameters',
      'metric "a" > "b" > "a" wraps itself',
    ],
    [
      'a combinator of a metric that is not there',
      `${toy}metrics: { a: { type: twice, parameters: { of: gone } } }`,
      {},
      'metrics.a.parameters',
      'metric "a" > "gone" is not there; there are: dot, a',
    ],
    [
      'a metric without the parameters that it needs',
      toy.replace('dot', 'learned'),
      {},
      'pipelines.toy.metric',
      'metric "learned" needs parameters; give it a name under "metrics"',
    ],
    [
      'a file of a metric that is not there',
      `${toy}metrics: { m: { type: learned, parameters: { file: gone } } }`,
      {},
      'metrics.m.parameters.file',
      'gone cannot be read; check the path',
    ],
    [
      'a metric that is not there',
      toy.replace('dot', 'cosine'),
      {},
      'pipelines.toy.metric',
      '[core] pipelines.toy.metric: no metric "cosine"; there are: dot',
    ],
    [
      'a metric’s parameter',
      `${toy}metrics: { m: { type: dot, parameters: { factor: x } } }`,
      {},
      'metrics.m.parameters.factor',
      '[core] metric "dot": parameters.factor: ',
    ],
    ['a metric of no plugin', `${toy}metrics: { m: { type: mls } }`, {}, 'metrics.m.metric', '[core] no metric "mls"'],
    ['a pipeline that is not there', toy, { only: ['gone'] }, 'pipeline', '[core] no pipeline "gone"; there are: toy'],
    [
      'a plugin that is not there',
      toy,
      { pluginUrls: ['file:///a/b/c/d.mjs'] },
      'plugins',
      '[core] plugin b/c/d.mjs cannot be imported',
    ],
    [
      'a plugin that is none',
      toy,
      { pluginUrls: ['data:text/javascript,export default function x() {}'] },
      'plugins',
      'must default-export definePlugin',
    ],
  ])('refuses %s and ends', async (_, config, more, field, message) => {
    expect(await runtimeOf(config, more)).toMatchObject({
      error: { field, message: expect.stringContaining(message) },
    });
  });

  describe('with a model', () => {
    let root: string;
    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), 'affinis-runtime-'));
      mkdirSync(join(root, 'm/1'), { recursive: true });
      const manifest = `{ name: m, version: "1", modality: text, artefact: { file: a, sha256: ${'a'.repeat(64)} }, licence: { name: x }, input: {}, output: { dimension: 2 }, thresholds: { dot: 0.25 } }`;
      writeFileSync(join(root, 'm/1/model.yaml'), manifest);
    });
    afterEach(() => rmSync(root, { recursive: true, force: true }));

    it('takes the model card’s threshold for a metric as it comes, not for one with parameters', async () => {
      const config = `
workers: { count: 1 }
embedders: { e: { model: m } }
metrics: { double: { type: dot, parameters: { factor: 2 } } }
pipelines: { card: { embedder: e, metric: dot }, own: { embedder: e, metric: dot, policy: { threshold: 7 } }, changed: { embedder: e, metric: double } }
`;
      const { pipelines } = await runtimeOf(config, { modelRoots: [root] });
      expect(pipelines).toMatchObject([
        { name: 'card', metricName: 'dot', policy: { kind: 'threshold', source: 'model-card' }, threshold: 0.25 },
        { name: 'own', metricName: 'dot', policy: { kind: 'threshold', source: 'config' }, threshold: 7 },
        { name: 'changed', metricName: 'double' },
      ]);
    });
  });
});

describe('findPipeline', () => {
  const config = configSchema.parse({
    plugins: [],
    embedders: {},
    pipelines: { face: { embedder: 'e', metric: 'm' } },
    defaults: {},
  });

  it.each(['gone', 'constructor', '__proto__', 'toString'])('has no pipeline "%s"', (name) => {
    expect(() => findPipeline(config, name)).toThrow(
      expect.objectContaining({ code: 'not-found', reason: 'NO_PIPELINE' }),
    );
  });
});
