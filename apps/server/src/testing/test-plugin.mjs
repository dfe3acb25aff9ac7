import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { defineEmbedder, definePlugin } from '@affinis/core';

/** Plugin of the server's tests: an embedder that does what its samples' texts say, and counts them. */
const description = {
  model: { name: 'obedient', version: '1', sha256: '0'.repeat(64) },
  modality: 'text',
  dimension: 2,
  space: 'obedient@1/0',
  unitNorm: true,
  uncertainty: 'none',
  licence: 'none',
};

let seen = 0;

async function embedOne({ text }) {
  const [command, argument] = text.split(' ');
  seen++;
  if (command === 'exit') process.exit(7);
  if (command === 'throw') throw new Error(`cannot read /etc/secret of ${text}`);
  if (command === 'sleep') await sleep(Number(argument));
  return {
    ok: true,
    value: {
      embedding: { mean: Float32Array.of(1, 0), unitNorm: true, space: description.space },
      info: { kind: 'text', tokens: command === 'thread' ? threadId : seen, truncated: false },
      timings: { decodeMs: 0, prepareMs: 0, inferenceMs: 0 },
    },
  };
}

export default definePlugin({
  name: 'test-plugin',
  embedders: [
    defineEmbedder({
      id: 'obedient',
      description: 'sleeps, ends its thread, or answers how many texts it has seen',
      parameters: { safeParse: (data) => ({ success: true, data }) },
      create: () => ({ description, embed: (samples) => Promise.all(samples.map(embedOne)) }),
    }),
  ],
});
