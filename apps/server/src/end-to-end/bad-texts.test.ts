import { v1 } from '@affinis/contracts';
import type { Sample } from '@affinis/core';
import { errorOf, outcomesOf, unwrap } from '../testing/results.ts';
import { text } from '../testing/samples.ts';
import { type TestServer, useServer } from '../testing/use-server.ts';

const config = 'embedders:\n  strict: { model: text-student, options: { overlong: refuse } }\n';

describe('texts', () => {
  const server = useServer({ config });

  it('are compared by meaning, by default', async () => {
    const compare = async (left: string, right: string) =>
      unwrap((await server().client.verify([{ left: [text(left)], right: [text(right)] }]))[0]);
    const alike = await compare('A man is playing a guitar.', 'Someone plays the guitar.');
    const unlike = await compare('A man is playing a guitar.', 'The stock market fell by two percent.');
    expect(alike.pipeline).toMatchObject({ pipeline: 'text', model: { name: 'text-student' } });
    expect(alike.score).toBeGreaterThan(unlike.score + 0.4);
  });

  const bad: Record<string, [Sample, string]> = {
    'an empty one': [text(''), 'EMPTY'],
    'only white space': [text(' \n\t '), 'EMPTY'],
    'a million characters, where long ones are refused': [text('word '.repeat(200_000)), 'TOO_LONG'],
    'a lone surrogate, which the client refuses': [text('a\ud800b'), 'MALFORMED_TEXT'],
    'a photo': [{ kind: 'media', bytes: Uint8Array.of(1, 2, 3) }, 'UNSUPPORTED_KIND'],
  };

  it.each(Object.entries(bad))('%s fails alone', async (_, [made, reason]) => {
    const results = await server().client.embed([text('good'), made, text('good')], { embedder: 'strict' });
    expect(outcomesOf(results)).toEqual(['ok', reason, 'ok']);
  });

  it('a million characters are cut where the embedder is so configured', async () => {
    const [result] = await server().client.embed([text('word '.repeat(200_000))], { embedder: 'text' });
    expect(unwrap(result).info).toMatchObject({ kind: 'text', truncated: true });
  });

  it.each<[string, string]>([
    ['a surrogate as three bytes', 'eda080'],
    ['a byte that begins nothing', 'ffffff'],
    ['a character cut off', 'f09f98'],
  ])('%s on the wire fails the call or the item, and the server lives', async (_, hex) => {
    const { raw, client } = server();
    const outcome = await raw.unary(malformed(hex), undefined).catch(() => undefined);
    // A protobuf library may refuse the message or put U+FFFD in the place; neither may break anything.
    if (outcome) expect(outcome.results).toHaveLength(2);
    const results = await client.embed([text('still here')]);
    expect(outcomesOf(results)).toEqual(['ok']);
  });

  it('control characters, rare scripts and emoji work', async () => {
    const texts = ['\u0000\u0001', 'مرحبا', '𠀀𠀁', '👩‍👩‍👧‍👦'].map(text);
    const results = await server().client.embed([...texts, text('good')]);
    expect(results.at(-1)).toMatchObject({ ok: true });
    expect((await errorOf(throwFirst(server()))).code).toBe('not-found');
  });
});

const throwFirst = ({ client }: TestServer) => client.embed([text('good')], { embedder: 'none-such' });

/** EmbedRequest of a malformed text and a good one; the bytes of the first are replaced after encoding. */
function malformed(hex: string) {
  const bytes = Buffer.from(hex, 'hex');
  const placeholder = 'x'.repeat(bytes.length);
  const items = [`before ${placeholder}`, 'good'].map((value) => ({
    id: '',
    sample: { content: { $case: 'text' as const, value } },
  }));
  const encoded = Buffer.from(v1.EmbedRequest.encode({ embedder: 'text', items }).finish());
  bytes.copy(encoded, encoded.indexOf(placeholder));
  const { path, responseDeserialize } = v1.EmbedderService.embed;
  return { path, responseDeserialize, requestSerialize: () => encoded };
}
