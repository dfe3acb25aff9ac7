import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '../testing/certificates.ts';
import { obedientConfig } from '../testing/obedient.ts';
import { runAffinis } from '../testing/run-affinis.ts';
import { png, samplePath } from '../testing/samples.ts';
import { useServer } from '../testing/use-server.ts';

const obama = samplePath('faces/obama-1.jpg');
const obamaLater = samplePath('faces/obama-2.jpg');
const biden = samplePath('faces/biden-1.jpg');
const storm = samplePath('voices/storm-1.flac');

const folder = mkdtempSync(join(tmpdir(), 'affinis-remote-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe('exit codes with --server', () => {
  const config =
    'embedders: { absent: { model: none-such } }\npipelines: { absent: { embedder: absent, metric: cosine } }\n';
  const server = useServer({ config });
  const remote = (...args: string[]) => runAffinis([...args, '--server', server().address]);

  it('compare and embed, a bad file in its place', async () => {
    const compared = await remote('compare', obama, obamaLater, '--json');
    expect([compared.code, JSON.parse(compared.stdout)]).toMatchObject([
      0,
      ['face', 'face-cosine', 'face-euclidean', 'face-mls', 'face-mls-llr'].map((pipeline) => ({ pipeline })),
    ]);
    const noFace = write('black.png', png(64, 64));
    const embedded = await remote('embed', obama, noFace, 'none.jpg', storm, '--json');
    const lines = embedded.stdout.trimEnd().split('\n');
    expect(embedded.code).toBe(2);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { input: obama, dimension: 128, mean: { length: 128 } },
      { input: noFace, error: { code: 'invalid-argument', reason: 'NO_FACE' } },
      { input: 'none.jpg', error: { code: 'invalid-argument', reason: 'NO_FILE' } },
      { input: storm, dimension: 256 },
    ]);
  });

  it.each<[string, () => string[], number, RegExp]>([
    [
      'a photo without a face',
      () => ['verify', obama, write('black.png', png(64, 64))],
      2,
      /no face.*items\[0\]\.right/i,
    ],
    ['an unknown embedder', () => ['embed', obama, '--embedder', 'palm'], 2, /no embedder "palm"/],
    ['a pipeline without its model', () => ['verify', '--text', 'a', 'b', '--pipeline', 'absent'], 5, /none-such/],
    ['no time', () => ['verify', obama, biden, '--deadline-ms', '1'], 5, /deadline/i],
    ['a deadline that is none', () => ['verify', obama, biden, '--deadline-ms', 'soon'], 2, /--deadline-ms soon/],
  ])('%s', async (_, args, code, said) => {
    const outcome = await remote(...args());
    expect([outcome.code, outcome.stdout]).toEqual([code, '']);
    expect(outcome.stderr).toMatch(said);
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
  });
});

describe('a server with TLS and tokens', () => {
  const token = 'cli-token-71fe';
  const { folder: certificates } = makeCertificates();
  writeFileSync(join(certificates, 'tokens'), token);
  afterAll(() => rmSync(certificates, { recursive: true, force: true }));
  const server = useServer({
    folder: certificates,
    config: obedientConfig('server: { tls: { cert: server.crt, key: server.key }, tokensFile: tokens }'),
  });
  const ca = (name: string) => ['--tls-ca', join(certificates, `${name}.crt`)];
  const remote = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    runAffinis(
      [
        'verify',
        '--text',
        'a',
        'b',
        '--pipeline',
        'toy',
        '--deadline-ms',
        '4000',
        '--server',
        server().address,
        ...args,
      ],
      { cwd: folder, env },
    );

  it('takes the token from --token or AFFINIS_TOKEN', async () => {
    const byOption = await remote([...ca('ca'), '--token', token]);
    const byEnvironment = await remote(ca('ca'), { AFFINIS_TOKEN: token });
    // The test's pipeline has no threshold to decide by.
    for (const { code, stdout } of [byOption, byEnvironment]) {
      expect(code).toBe(4);
      expect(stdout).toMatch(/^undecided.* toy, obedient@1\n$/);
    }
  });

  it.each<[string, () => string[], number, RegExp]>([
    ['no token', () => ca('ca'), 5, /authorization: Bearer/],
    ['a wrong token', () => [...ca('ca'), '--token', 'guess'], 5, /token/i],
    ['another authority', () => [...ca('other-ca'), '--token', token], 3, /certificate|unable to verify/i],
    ['no TLS', () => ['--token', token], 3, /127\.0\.0\.1/],
    ['a missing certificate', () => ['--tls-ca', 'none.crt'], 2, /--tls-ca none\.crt/],
    ['a file that is no certificate', () => ['--tls-ca', write('no.crt', 'hello')], 2, /--tls-ca .*no\.crt/],
  ])('refuses %s', async (_, args, code, said) => {
    const outcome = await remote(args());
    expect([outcome.code, outcome.stdout]).toEqual([code, '']);
    expect(outcome.stderr).toMatch(said);
    expect(outcome.stderr).not.toContain(token);
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
  });

  it('a token is not sent to another machine in the clear', async () => {
    const { code, stderr } = await runAffinis(['verify', obama, biden, '--server', '192.0.2.1:1', '--token', token]);
    expect(code).toBe(2);
    expect(stderr).toContain('--tls-ca');
  });
});
