import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { obedientConfig } from '../testing/obedient.ts';
import { errorOf, outcomesOf, unwrapAll } from '../testing/results.ts';
import { sample } from '../testing/samples.ts';
import { repositoryRoot } from '../testing/server-process.ts';
import { failedStart, withServer } from '../testing/use-server.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'affinis-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('an affinis.yaml that is wrong ends the server with code 2 and file, line, field and hint', () => {
  it.each([
    ['no YAML', 'server: { port: ]', ['affinis.yaml:1']],
    ['an unknown field', 'server:\n  prot: 1', ['affinis.yaml:2', 'server.prot', 'port']],
    ['a wrong type', 'workers:\n  count: many', ['affinis.yaml:2', 'workers.count', '"auto"']],
    ['out of range', '\n\nserver:\n  port: 70000', ['affinis.yaml:4', 'server.port']],
    [
      'a pipeline without its embedder',
      'pipelines:\n  mine: { embedder: nobody, metric: cosine }',
      ['affinis.yaml:2', 'nobody', 'face'],
    ],
    [
      'an unknown metric',
      'pipelines:\n  mine: { embedder: face, metric: astrology }',
      ['pipelines.mine.metric', 'astrology', 'cosine'],
    ],
    ['a plugin that is not there', 'plugins: ["@affinis/telepathy"]', ['@affinis/telepathy', 'npm install']],
  ])('%s', async (_, config, expected) => {
    const output = await failedStart({ config, folder });
    expect(output).toContain(_ === 'a plugin that is not there' ? 'code 5' : 'code 2');
    for (const part of expected) expect(output).toContain(part);
    expect(output).not.toMatch(/\n\s+at /);
  });

  it('a port that is taken', async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    try {
      const output = await failedStart({ config: obedientConfig(), args: ['--port', String(port)] });
      expect(output).toContain(`127.0.0.1:${port}`);
      expect(output).toContain('--port');
    } finally {
      other.close();
    }
  });

  it('a file that is not there', async () => {
    expect(await failedStart({ folder, args: ['--config', 'none.yaml'] })).toMatch(/code 2[\s\S]*none\.yaml/);
  });
});

describe('an embedder without uncertainty', () => {
  it('gives no variance, and what needs one says what to do', async () => {
    await withServer({ config: 'embedders: { text: { uncertainty: none } }\n' }, async ({ client }) => {
      const [embedded] = unwrapAll(await client.embed([{ kind: 'text', text: 'a river' }]));
      expect(embedded?.embedding.variance).toBeUndefined();
      const pipelines = await client.listPipelines();
      const of = (name: string) => pipelines.find((pipeline) => pipeline.name === name)?.availability;
      expect(of('text')).toMatchObject({ available: true });
      expect(of('text-mls')).toMatchObject({ available: false, reason: expect.stringContaining('uncertainty') });
    });
  });
});

describe('a model that is broken or missing', () => {
  /** The shipped voice model under another name, its bytes changed. */
  function damaged(): string {
    const home = join(folder, 'models', 'speaker-ge2e-int8', '2');
    cpSync(join(repositoryRoot, 'models/speaker-ge2e-int8/2'), home, { recursive: true });
    writeFileSync(join(home, 'model.onnx'), 'not the network that the manifest promises');
    return folder;
  }

  it('makes its pipelines unavailable, with the reason and the fix, while the others serve', async () => {
    await withServer({ folder: damaged() }, async ({ client, log }) => {
      const pipelines = await client.listPipelines();
      const states = Object.fromEntries(pipelines.map(({ name, availability }) => [name, availability.available]));
      expect(states).toMatchObject({
        face: true,
        'face-euclidean': true,
        voice: false,
        'voice-cosine': false,
        text: true,
      });
      const reasons = pipelines.flatMap(({ name, availability }) =>
        availability.available ? [] : [`${name}: ${availability.reason}`],
      );
      expect(reasons.find((reason) => reason.startsWith('voice:'))).toMatch(/sha256|digest/i);
      const voice = [{ left: [sample('voices/storm-1.flac')], right: [sample('voices/storm-2.flac')] }];
      expect(await errorOf(client.verify(voice, { pipeline: 'voice' }))).toMatchObject({ code: 'failed-precondition' });
      const faces = { left: [sample('faces/obama-1.jpg')], right: [sample('faces/obama-2.jpg')] };
      const results = await client.verify([faces, ...voice]);
      expect(results).toMatchObject([{ ok: true }, { ok: false, error: { code: 'failed-precondition' } }]);
      expect(outcomesOf(await client.embed([sample('faces/obama-1.jpg')]))).toEqual(['ok']);

      expect(await client.health()).toBe('serving');
      expect(await client.health('pipelines/face')).toBe('serving');
      expect(await client.health('pipelines/voice')).toBe('not-serving');
      expect(log).toContainEqual(expect.objectContaining({ msg: 'pipeline unavailable', pipeline: 'voice' }));
    });
  });

  it('is taken from the folder of the configuration where one is whole', async () => {
    cpSync(join(repositoryRoot, 'models/speaker-ge2e-int8'), join(folder, 'more/speaker-ge2e-int8'), {
      recursive: true,
    });
    await withServer({ folder, config: 'models: [more]' }, async ({ client }) => {
      expect(await client.health('pipelines/voice')).toBe('serving');
    });
  });
});
