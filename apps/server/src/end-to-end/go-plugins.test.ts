import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Embedding } from '@affinis/core';
import { blocksOf, configOf } from '../testing/page-blocks.ts';
import { outcomesOf, unwrap, unwrapAll } from '../testing/results.ts';
import { sample, text } from '../testing/samples.ts';
import { repositoryRoot } from '../testing/server-process.ts';
import { built } from '../testing/toolchain.ts';
import { startTestServer, type TestServer } from '../testing/use-server.ts';

const describeWithGo = built('go', ['build', './...'], join(repositoryRoot, 'clients/go')) ? describe : describe.skip;
const buildLimitMs = 300_000;
const run = (file: string, args: readonly string[], cwd: string) =>
  execFileSync(file, args, {
    cwd,
    env: { ...process.env, AFFINIS: repositoryRoot },
    encoding: 'utf8',
    timeout: buildLimitMs,
    stdio: 'pipe',
  });

const point = (mean: number[], variance?: number[]): Embedding => ({
  mean: Float32Array.from(mean),
  unitNorm: false,
  space: 'test/1',
  ...(variance && { variance: { kind: 'diagonal', values: Float32Array.from(variance) }, varianceId: 'test/1' }),
});

/** A server in a folder of its own, which `prepare` fills with what its plugins are started from. */
function useServerIn(prepare: (folder: string) => string): () => TestServer {
  const folder = mkdtempSync(join(tmpdir(), 'affinis-go-plugins-'));
  let server: TestServer | undefined;
  beforeAll(async () => {
    server = await startTestServer({ folder, config: prepare(folder) });
  }, buildLimitMs);
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    if (!server) throw new Error('the server did not start');
    return server;
  };
}

describeWithGo('examples/plugin-go-metric', () => {
  const example = join(repositoryRoot, 'examples/plugin-go-metric');
  const server = useServerIn((folder) => {
    run('go', ['build', '-o', 'minkowski', '.'], example);
    symlinkSync(dirname(example), join(folder, 'examples'));
    return configOf(join(example, 'README.md'));
  });

  it('is a metric of the server, as its README says', async () => {
    const { client } = server();
    const described = (await client.listMetrics()).find(({ name }) => name === 'minkowski-3');
    expect(described).toMatchObject({ polarity: 'distance', needsVariance: false, unit: 'distance, 0 and above' });
    const pair = { left: point([3, 0, 1]), right: point([0, 4, 1]) };
    const { results } = await client.score([pair], { metric: 'minkowski-3' });
    expect(unwrap(results[0])).toBeCloseTo(Math.cbrt(27 + 64), 12);
  });

  it('decides in a pipeline', async () => {
    const sides = (right: string) => ({ left: [sample('faces/obama-1.jpg')], right: [sample(right)] });
    const items = [sides('faces/obama-2.jpg'), sides('faces/biden-1.jpg')];
    const answers = unwrapAll(await server().client.verify(items, { pipeline: 'face-minkowski' }));
    expect(answers.map(({ decision }) => decision)).toEqual(['match', 'no_match']);
  });

  it('is started and configured again when it was killed', async () => {
    const { client, log, pid } = server();
    process.kill(childOf(pid, 'minkowski'), 'SIGKILL');
    const { results } = await client.score([{ left: point([1]), right: point([3]) }], { metric: 'minkowski-3' });
    expect(unwrap(results[0])).toBe(2);
    expect(log).toContainEqual(
      expect.objectContaining({ plugin: 'minkowski', problem: expect.stringContaining('SIGKILL') }),
    );
  });
});

/** The process of that name which another one started. */
function childOf(pid: number, name: string): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  const found = children.find((child) => readFileSync(`/proc/${child}/comm`, 'utf8').trim() === name);
  if (found === undefined) throw new Error(`process ${pid} has no child ${name}`);
  return Number(found);
}

describeWithGo('docs/write-a-plugin-in-go.md, its blocks in order', () => {
  const page = join(repositoryRoot, 'docs/write-a-plugin-in-go.md');
  const server = useServerIn((folder) => {
    for (const block of blocksOf(page)) {
      if (block.language === 'sh') run('bash', ['-euc', block.text], folder);
      if (block.language !== 'go') continue;
      const file = join(folder, /^\/\/ (\S+)\n/.exec(block.text)?.[1] ?? 'the first line names no file');
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, block.text);
      if (run('gofmt', ['-l', file], folder) !== '') throw new Error(`${file} is not formatted`);
    }
    return configOf(page);
  });

  it('its metric is the Bhattacharyya distance', async () => {
    const [left, right] = [point([0.5, -1], [0.25, 2]), point([1.25, 1], [1, 0.5])];
    const pairs = [
      { left, right },
      { left, right: left },
      { left, right: point([1, 2]) },
    ];
    const { results } = await server().client.score(pairs, { metric: 'overlap' });
    const byIntegration = distanceByIntegration(0.5, 0.25, 1.25, 1) + distanceByIntegration(-1, 2, 1, 0.5);
    expect(unwrap(results[0])).toBeCloseTo(byIntegration, 6);
    expect(unwrap(results[1])).toBeCloseTo(0, 12);
    expect(results[2]).toMatchObject({ error: { code: 'failed-precondition' } });
  });

  it('its metric scores faces by the variances of their embedder', async () => {
    const sides = (right: string) => ({ left: [sample('faces/obama-1.jpg')], right: [sample(right)] });
    const items = [sides('faces/obama-2.jpg'), sides('faces/biden-1.jpg')];
    const answers = unwrapAll(await server().client.verify(items, { pipeline: 'face-overlap' }));
    expect(answers.map(({ decision }) => decision)).toEqual(['match', 'no_match']);
    expect(answers[0]?.pipeline.metric).toMatchObject({ name: 'overlap', polarity: 'distance' });
  });

  it('its embedder finds names with typing errors', async () => {
    const { client } = server();
    const named = (await client.listEmbedders()).find(({ name }) => name === 'names');
    expect(named?.description).toMatchObject({ dimension: 512, space: 'ngrams/1/n=2/dimension=512', unitNorm: true });
    const against = (right: string) => ({ left: [text('Jonathan')], right: [text(right)] });
    const answers = await client.verify(['jonathan', 'Jonatan', 'Margaret'].map(against), { pipeline: 'names' });
    expect(unwrapAll(answers).map(({ decision }) => decision)).toEqual(['match', 'match', 'no_match']);
    expect(unwrap(answers[0]).score).toBeCloseTo(1, 6);
  });

  it('a bad sample fails alone', async () => {
    const results = await server().client.embed([text('Ann'), sample('faces/obama-1.jpg'), text('Bob')], {
      embedder: 'names',
    });
    expect(outcomesOf(results)).toEqual(['ok', 'UNSUPPORTED_SAMPLE', 'ok']);
  });
});

/** -ln of the integral of sqrt(p q) over two normal densities, by sums: what the closed form must give. */
function distanceByIntegration(mean: number, variance: number, otherMean: number, otherVariance: number): number {
  const density = (x: number, m: number, v: number) => Math.exp(-((x - m) ** 2) / (2 * v)) / Math.sqrt(2 * Math.PI * v);
  const step = 1e-3;
  let integral = 0;
  for (let x = -30; x < 30; x += step)
    integral += Math.sqrt(density(x, mean, variance) * density(x, otherMean, otherVariance)) * step;
  return -Math.log(integral);
}
