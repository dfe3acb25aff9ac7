import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Embedding, processPluginSchema } from '@affinis/core';
import { createPluginHost, type PluginSet } from '@affinis/plugin-host';
import { parse } from 'yaml';
import { blocksOf } from '../testing/page-blocks.ts';
import { unwrap } from '../testing/results.ts';
import { repositoryRoot } from '../testing/server-process.ts';
import { built } from '../testing/toolchain.ts';

const clients = join(repositoryRoot, 'clients/go');
const describeWithGo = built('go', ['build', './...'], clients) ? describe : describe.skip;
const buildLimitMs = 300_000;

/** What the parts of an affinis.yaml that a page shows say together. */
interface PageConfig {
  readonly plugins: readonly object[];
  readonly metrics?: Record<string, Component>;
  readonly embedders?: Record<string, Component>;
}

interface Component {
  readonly type: string;
  readonly parameters?: object;
  readonly options?: object;
}

const configOf = (page: string): PageConfig => {
  const parts = blocksOf(page).flatMap(({ language, text }) =>
    language === 'yaml' ? [parse(text) as PageConfig] : [],
  );
  return {
    plugins: parts.flatMap(({ plugins }) => plugins),
    metrics: Object.assign({}, ...parts.map(({ metrics }) => metrics)),
    embedders: Object.assign({}, ...parts.map(({ embedders }) => embedders)),
  };
};

/** Runs the page's plugins as the server does. */
async function hosted(config: PageConfig, folder: string, use: (plugins: PluginSet) => Promise<void>): Promise<void> {
  const lines: string[] = [];
  const host = createPluginHost({
    logLevel: 'info',
    moduleCommand: () => [],
    onEvent: () => undefined,
    onLine: (plugin, _, line) => lines.push(`${plugin}: ${line}`),
  });
  try {
    const plugins = config.plugins.map((plugin) => processPluginSchema.parse(plugin));
    const set = await host.acquire(plugins, folder);
    const problems = set.plugins().flatMap(({ name, problem }) => (problem ? [`${name}: ${problem.message}`] : []));
    expect([...problems, ...(problems.length > 0 ? lines : [])]).toEqual([]);
    await use(set);
  } finally {
    await host.close();
  }
}

async function metricOf(host: PluginSet, { metrics = {} }: PageConfig, name: string) {
  const { type, parameters = {} } = metrics[name] ?? { type: name };
  const found = host.plugins().flatMap(({ metrics: offered }) => offered.filter(({ id }) => id === type))[0];
  if (!found) throw new Error(`no metric ${type}`);
  return found.create({ ...parameters });
}

const point = (mean: number[], variance: number[] = []): Embedding => ({
  mean: Float32Array.from(mean),
  unitNorm: false,
  space: 'test/1',
  ...(variance.length === 0
    ? {}
    : { variance: { kind: 'diagonal', values: Float32Array.from(variance) }, varianceId: 'test/1' }),
});

describeWithGo('examples/plugin-go-metric', () => {
  const folder = join(repositoryRoot, 'examples/plugin-go-metric');

  it(
    'serves what its README says',
    async () => {
      execFileSync('go', ['build', '-o', 'minkowski', '.'], { cwd: folder, stdio: 'pipe', timeout: buildLimitMs });
      const config = configOf(join(folder, 'README.md'));
      await hosted(config, repositoryRoot, async (host) => {
        const minkowski = await metricOf(host, config, 'minkowski-3');
        expect(minkowski).toMatchObject({ polarity: 'distance', needsVariance: false, unit: 'distance, 0 and above' });
        const score = unwrap(await minkowski.remote.scorePair(point([3, 0, 1]), point([0, 4, 1])));
        expect(score).toBeCloseTo(Math.cbrt(27 + 64), 12);
        await expect(
          metricOf(host, { ...config, metrics: { wrong: { type: 'minkowski', parameters: { p: 0 } } } }, 'wrong'),
        ).rejects.toMatchObject({ code: 'invalid-argument', field: 'p' });
      });
    },
    buildLimitMs,
  );
});

describeWithGo('docs/write-a-plugin-in-go.md, its blocks in order', () => {
  const page = join(repositoryRoot, 'docs/write-a-plugin-in-go.md');
  const config = configOf(page);
  const folder = mkdtempSync(join(tmpdir(), 'affinis-go-page-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it(
    'builds',
    () => {
      const env = { ...process.env, AFFINIS: repositoryRoot };
      for (const { language, text } of blocksOf(page)) {
        if (language === 'sh')
          execFileSync('bash', ['-euc', text], { cwd: folder, env, stdio: 'pipe', timeout: buildLimitMs });
        if (language !== 'go') continue;
        const file = join(folder, /^\/\/ (\S+)\n/.exec(text)?.[1] ?? 'no name in the first line');
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, text);
        expect(execFileSync('gofmt', ['-l', file], { encoding: 'utf8' })).toBe('');
      }
    },
    buildLimitMs,
  );

  it('its metric is the Bhattacharyya distance', async () => {
    await hosted(config, folder, async (host) => {
      const overlap = await metricOf(host, config, 'overlap');
      expect(overlap).toMatchObject({ polarity: 'distance', needsVariance: true });
      const [left, right] = [point([0.5, -1], [0.25, 2]), point([1.25, 1], [1, 0.5])];
      const byIntegration = coefficientDistance(0.5, 0.25, 1.25, 1) + coefficientDistance(-1, 2, 1, 0.5);
      expect(unwrap(await overlap.remote.scorePair(left, right))).toBeCloseTo(byIntegration, 6);
      expect(unwrap(await overlap.remote.scorePair(left, left))).toBeCloseTo(0, 12);
      expect(await overlap.remote.scorePair(left, point([1, 2]))).toMatchObject({
        error: { code: 'failed-precondition' },
      });
    });
  });

  it('its embedder finds names with typing errors', async () => {
    await hosted(config, folder, async (host) => {
      const definition = host.plugins().flatMap(({ embedders }) => embedders)[0];
      const embedder = await definition?.create({ ...config.embedders?.names?.options });
      if (!embedder) throw new Error('no embedder');
      expect(embedder.description).toMatchObject({
        modality: 'text',
        dimension: 512,
        space: 'ngrams/1/n=2/dimension=512',
      });
      const texts = ['Jonathan', 'jonathan', 'Jonatan', 'Margaret'].map((text) => ({ kind: 'text', text }) as const);
      const results = await embedder.embed([...texts, { kind: 'media', bytes: new Uint8Array(1) }], {});
      expect(results[4]).toMatchObject({ error: { code: 'invalid-argument', reason: 'UNSUPPORTED_SAMPLE' } });
      const [name = [], same = [], typo = [], other = []] = results
        .slice(0, 4)
        .map((result) => Array.from(unwrap(result).embedding.mean));
      expect(same).toEqual(name);
      expect(cosine(name, typo)).toBeGreaterThan(0.7);
      expect(cosine(name, other)).toBeLessThan(0.4);
    });
  });
});

const cosine = (left: readonly number[], right: readonly number[]): number =>
  left.reduce((sum, value, d) => sum + value * (right[d] ?? 0), 0);

/** -ln of the integral of sqrt(p q) over two normal densities, by sums: what the closed form must give. */
function coefficientDistance(mean: number, variance: number, otherMean: number, otherVariance: number): number {
  const density = (x: number, m: number, v: number) => Math.exp(-((x - m) ** 2) / (2 * v)) / Math.sqrt(2 * Math.PI * v);
  const step = 1e-3;
  let integral = 0;
  for (let x = -30; x < 30; x += step)
    integral += Math.sqrt(density(x, mean, variance) * density(x, otherMean, otherVariance)) * step;
  return -Math.log(integral);
}
