import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAffinis } from '../testing/run-affinis.ts';
import { largePhoto, samplePath } from '../testing/samples.ts';
import { useServer } from '../testing/use-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'affinis-cli-'));
writeFileSync(join(folder, 'tokens'), 'open-sesame\n');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const server = useServer({ folder, config: 'server: { tokensFile: tokens }\n' });
const ask = (...args: string[]) =>
  runAffinis([...args, '--server', server().address], { env: { AFFINIS_TOKEN: 'open-sesame' } });

const obama = samplePath('faces/obama-1.jpg');
const obamaLater = samplePath('faces/obama-2.jpg');
const biden = samplePath('faces/biden-1.jpg');

describe('--server', () => {
  it('answers as this process does, with the same exit codes', async () => {
    const [there, here, other] = await Promise.all([
      ask('verify', obama, obamaLater, '--json'),
      runAffinis(['verify', obama, obamaLater, '--json']),
      ask('verify', obama, biden),
    ]);
    expect([there.code, here.code, other.code]).toEqual([0, 0, 1]);
    const { timingsMs: _, score, ...rest } = JSON.parse(there.stdout);
    const { timingsMs: __, score: scoreHere, ...restHere } = JSON.parse(here.stdout);
    expect(Object.keys(rest)).toEqual(Object.keys(restHere));
    expect(rest).toMatchObject({ pipeline: restHere.pipeline, model: restHere.model, decision: restHere.decision });
    expect(score).toBeCloseTo(scoreHere, 5);
  });

  it('takes photos of 8 MB, for verify, compare and embed', async () => {
    const photos = await Promise.all(
      ['obama-1', 'obama-2'].map(async (name) => {
        const path = join(folder, `${name}.png`);
        const bytes = await largePhoto(`faces/${name}.jpg`, 8e6);
        expect(bytes.length).toBeGreaterThan(7.5e6);
        writeFileSync(path, bytes);
        return path;
      }),
    );
    const verified = await ask('verify', ...photos, '--json');
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(verified.stdout)).toMatchObject({ pipeline: 'face', decision: 'match' });
    const compared = await ask('compare', ...photos, '--json');
    expect(JSON.parse(compared.stdout)).toMatchObject([
      { pipeline: 'face', decision: 'match' },
      { pipeline: 'face-cosine', decision: 'match' },
      { pipeline: 'face-euclidean', decision: 'match' },
      { pipeline: 'face-mls', decision: 'match' },
      { pipeline: 'face-mls-llr', decision: 'match' },
    ]);
    const embedded = await ask('embed', ...photos);
    expect(embedded.stdout.match(/128 dimensions/g)).toHaveLength(2);
  });

  it('says what the server says', async () => {
    const [unknown, kind] = await Promise.all([
      ask('verify', obama, obama, '--pipeline', 'palm'),
      ask('verify', obama, samplePath('voices/storm-1.flac')),
    ]);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('face-cosine') });
    expect(kind).toMatchObject({ code: 2, stderr: expect.stringMatching(/JPEG, PNG or WebP/) });
  });

  it('without the token is refused, and the token can be an option', async () => {
    const address = server().address;
    const [refused, allowed] = await Promise.all([
      runAffinis(['verify', obama, obama, '--server', address], { env: { AFFINIS_TOKEN: 'wrong' } }),
      runAffinis(['verify', obama, obama, '--server', address, '--token', 'open-sesame']),
    ]);
    expect(refused).toMatchObject({ code: 5, stdout: '' });
    expect(refused.stderr).not.toContain('wrong"');
    expect(allowed.code).toBe(0);
  });
});
