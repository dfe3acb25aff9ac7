import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { embedderConformance } from '@affinis/conformance';
import type { Sample } from '@affinis/plugin-sdk';
import { createTrigrams } from '../src/index.ts';

const text = (words: string): Sample => ({ kind: 'text', text: words });
const create = () => createTrigrams({ dimension: 512 });

embedderConformance(
  create,
  [text('Katherine Johnson'), text('Zürich'), text('李小龍')],
  [text(''), text('123'), { kind: 'media', bytes: Uint8Array.of(1, 2, 3) }],
  { runner: { describe, it, afterAll: after } },
);

describe('trigrams', () => {
  it('are nearer for a misspelling than for another name', async () => {
    const results = await create().embed([text('Ada Lovelace'), text('ada lovelase'), text('Alan Turing')]);
    const [ada, misspelt, alan] = results.map((result) => {
      if (!result.ok) throw result.error;
      return result.value.embedding.mean;
    });
    assert.ok(ada && misspelt && alan);
    const cosine = (other: Float32Array) => ada.reduce((sum, value, d) => sum + value * (other[d] ?? 0), 0);
    assert.ok(cosine(misspelt) > 0.7);
    assert.ok(cosine(alan) < 0.3);
  });
});
