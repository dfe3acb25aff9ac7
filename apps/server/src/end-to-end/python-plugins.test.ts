import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { blocksOf } from '../testing/page-blocks.ts';
import { examplesPython, pythonPackage } from '../testing/python.ts';
import { unwrap } from '../testing/results.ts';
import { runAffinis, runCommand } from '../testing/run-affinis.ts';
import { sample, samplePath, text } from '../testing/samples.ts';
import { repositoryRoot } from '../testing/server-process.ts';
import { startTestServer, type TestServer } from '../testing/use-server.ts';

const python = examplesPython();
const describeWithPython = python === undefined ? describe.skip : describe;
const limitMs = 120_000;

const page = join(repositoryRoot, 'docs/write-an-embedder-in-python.md');
const examples = ['plugin-python-embedder', 'plugin-python-metric'].map((name) => join('examples', name));
const readmes = examples.map((example) => join(repositoryRoot, example, 'README.md'));
const speakers = ['andrea', 'klatt', 'steph', 'storm'];

/** The pages' folders, with the virtual environments that their readers make, and the pages' `affinis.yaml` in one. */
describeWithPython('the plugins of the pages about Python, in a server', () => {
  let folder: string;
  let server: TestServer;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'affinis-python-plugins-'));
    mkdirSync(join(folder, 'trigrams'));
    for (const { language, text: code } of blocksOf(page))
      if (language === 'python' && code.startsWith('# plugin.py'))
        writeFileSync(join(folder, 'trigrams/plugin.py'), code);
    for (const example of examples) cpSync(join(repositoryRoot, example), join(folder, example), { recursive: true });
    for (const plugin of ['trigrams', ...examples]) await makeEnvironment(join(folder, plugin));
    await learnMetric(join(folder, 'examples/plugin-python-metric'));
    server = await startTestServer({ folder, config: configOf([page, ...readmes]) });
  }, limitMs);
  afterAll(async () => {
    await server?.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('compares names by the embedder of the page', async () => {
    const pairs = ['Catherine Jonson', 'Mary Jackson', '1234'].map((name) => ({
      left: [text('Katherine Johnson')],
      right: [text(name)],
    }));
    const [misspelt, other, bad] = await server.client.verify(pairs, { pipeline: 'names' });
    expect(unwrap(misspelt).score).toBeCloseTo(0.73, 2);
    expect(unwrap(other).score).toBeCloseTo(0.12, 2);
    expect(unwrap(misspelt).pipeline.model).toMatchObject({ name: 'trigrams', version: '1' });
    expect(bad).toMatchObject({
      error: { code: 'invalid-argument', message: '[trigrams] holds no letter; send a name' },
    });
  });

  it('embeds recordings by their MFCC', async () => {
    const samples = [sample('voices/storm-1.flac'), sample('README.md'), sample('formats/voice.mp3')];
    const [flac, readme, mp3] = await server.client.embed(samples, { embedder: 'mfcc' });
    expect([flac, mp3].map((result) => unwrap(result).embedding.mean.length)).toEqual([40, 40]);
    expect(readme).toMatchObject({ error: { code: 'invalid-argument', reason: 'BAD_SAMPLE' } });
    const listed = (await server.client.listEmbedders()).find(({ name }) => name === 'mfcc');
    expect(listed).toMatchObject({
      availability: { available: true },
      description: { dimension: 40, modality: 'voice' },
    });
  });

  it('scores voices by the metric that was learned', async () => {
    const pair = (left: string, right: string) => ({
      left: [sample(`voices/${left}.flac`)],
      right: [sample(`voices/${right}.flac`)],
    });
    const pairs = [
      pair('storm-1', 'storm-2'),
      pair('klatt-1', 'klatt-2'),
      pair('storm-1', 'klatt-2'),
      pair('klatt-1', 'andrea-2'),
    ];
    const scores = (await server.client.verify(pairs, { pipeline: 'voice-learned' })).map(
      (result) => unwrap(result).score,
    );
    expect(Math.max(...scores.slice(0, 2))).toBeLessThan(Math.min(...scores.slice(2)));
  });

  async function makeEnvironment(plugin: string): Promise<void> {
    const made = await runCommand(python ?? 'python3', ['-m', 'venv', '--without-pip', '.venv'], { cwd: plugin });
    expect(made).toMatchObject({ code: 0 });
    const site = await runCommand(python ?? 'python3', ['-c', 'import site; print(site.getsitepackages()[0])'], {
      cwd: plugin,
    });
    const packages = readdirSync(join(plugin, '.venv/lib')).map((version) => join(plugin, '.venv/lib', version));
    const paths = [join(pythonPackage, 'src'), site.stdout.trim()];
    for (const home of packages) writeFileSync(join(home, 'site-packages/affinis.pth'), paths.join('\n'));
  }

  /** As its README says. */
  async function learnMetric(plugin: string): Promise<void> {
    const rows = speakers.flatMap((speaker) =>
      [1, 2].map((take) => `${samplePath(`voices/${speaker}-${take}.flac`)},${speaker}`),
    );
    writeFileSync(join(plugin, 'voices.csv'), `path,subject\n${rows.join('\n')}\n`);
    const labelled = ['--pipeline', 'voice', '--labels', 'voices.csv', '--output', 'voices'];
    expect(await runAffinis(['export-tensors', ...labelled], { cwd: plugin })).toMatchObject({ code: 0 });
    const learn = ['learn.py', 'voices', 'factor.npz'];
    expect(await runCommand('.venv/bin/python', learn, { cwd: plugin, timeoutMs: limitMs })).toMatchObject({ code: 0 });
  }
});

/** What the YAML blocks of the pages say together. */
function configOf(pages: readonly string[]): string {
  const parts = pages
    .flatMap(blocksOf)
    .flatMap(({ language, text: yaml }) => (language === 'yaml' ? [parse(yaml) as Record<string, object>] : []));
  const together = (key: string) => Object.assign({}, ...parts.map((part) => part[key])) as object;
  return stringify({
    plugins: parts.flatMap(({ plugins }) => plugins),
    embedders: together('embedders'),
    metrics: together('metrics'),
    pipelines: together('pipelines'),
  });
}
