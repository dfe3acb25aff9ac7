// Says whether two files show, or hold the voice of, one person: node verify.mjs HOST:PORT A B
import { readFile } from 'node:fs/promises';
import { createAffinisClient } from '@affinis/client';

const [address, ...files] = process.argv.slice(2);
if (!address || files.length !== 2) throw new Error('usage: node verify.mjs HOST:PORT A B');

const sample = async (file) => ({ kind: 'media', bytes: await readFile(file) });
const client = createAffinisClient({ address, deadlineMs: 30_000 });
try {
  // Files of any size: the client sends what does not fit into one message in chunks.
  const [result] = await client.verify([{ left: [await sample(files[0])], right: [await sample(files[1])] }]);
  if (!result.ok) throw result.error;
  const { decision, score, threshold, pipeline } = result.value;
  console.log(`${decision}: score ${score.toFixed(4)}, threshold ${threshold?.value ?? 'none'} (${pipeline.pipeline})`);
} catch ({ code, message }) {
  console.error(`${code}: ${message}`);
  process.exitCode = 1;
} finally {
  client.close();
}
