import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAffinisClient } from '@affinis/client';
import { bytesOf, v1 } from '@affinis/contracts';
import { obedientConfig } from '../testing/obedient.ts';
import { errorOf, unwrap } from '../testing/results.ts';
import { media, sample, text, tone } from '../testing/samples.ts';
import { startTestServer } from '../testing/use-server.ts';

const token = 'token-5d1f0c77e2';
const sentence = 'the-sentence-91ac4e';
const value = 0.123456789;

/** Every way in which bytes and numbers could be written. */
const spellings = (bytes: Uint8Array | Float32Array): string[] => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [
    buffer.toString('base64').slice(0, 24),
    buffer.toString('hex').slice(0, 24),
    [...buffer.subarray(0, 8)].join(','),
  ];
};

it('the log at its most talkative, and what errors say, hold no payload, no embedding and no token', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'affinis-test-'));
  writeFileSync(join(folder, 'tokens'), token);
  const server = await startTestServer({ folder, config: 'server: { logLevel: debug, tokensFile: tokens }\n' });
  const messages: string[] = [];
  const secrets: string[] = [token, sentence];
  const client = createAffinisClient({ address: server.address, token, retry: false });
  try {
    const photo = sample('faces/obama-1.jpg');
    const { embedding } = unwrap((await client.embed([photo]))[0]);
    secrets.push(
      ...spellings(photo.bytes),
      ...spellings(embedding.mean),
      String(embedding.mean[0]),
      String(embedding.mean[1]),
    );
    const broken = [media(photo.bytes.subarray(0, 20_000)), tone(1, { amplitude: 0 }), text(sentence)];
    for (const bad of broken) {
      const [result] = await client.embed([bad], { embedder: bad.kind === 'pcm' ? 'voice' : 'face' });
      if (result?.ok === false) messages.push(result.error.message);
    }
    const spaced = { ...embedding, mean: Float32Array.of(value, value), unitNorm: false };
    const far = { ...spaced, space: 'another' };
    const { results } = await client.score([{ left: spaced, right: far }], { metric: 'cosine' });
    for (const result of results) if (!result.ok) messages.push(result.error.message);
    secrets.push(...spellings(bytesOf(spaced.mean)), String(Math.fround(value)));
    const wrong = server.raw.unary(v1.SimilarityService.verify, v1.VerifyRequest.create(), {
      metadata: { authorization: 'Bearer wrong-token-77aa', 'x-note': sentence },
    });
    messages.push((await errorOf(wrong)).message);
    secrets.push('wrong-token-77aa');
    messages.push((await errorOf(client.embed([photo], { embedder: 'nobody' }))).message);
  } finally {
    client.close();
    await server.stop('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
  const written = JSON.stringify(server.log) + server.stderr() + messages.join('\n');
  expect(server.log.filter(({ msg }) => msg === 'call answered').length).toBeGreaterThan(3);
  for (const secret of secrets) expect(written).not.toContain(secret);
});

it('the cause of an internal fault is in the log and not in the answer', async () => {
  const server = await startTestServer({ config: obedientConfig() });
  try {
    const [result] = await server.client.embed([text('throw now')], { embedder: 'toy' });
    expect(result).toMatchObject({ ok: false, error: { code: 'internal' } });
    if (result?.ok === false) expect(result.error.message).not.toContain('secret');
    expect(JSON.stringify(server.log)).toContain('/etc/secret');
  } finally {
    await server.stop('SIGKILL');
  }
});
