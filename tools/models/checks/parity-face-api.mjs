// Runs the package's own networks on inputs.json of this folder and writes their outputs beside it.
// Arguments: the TensorFlow.js backend (wasm or cpu).
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
require('@tensorflow/tfjs-backend-wasm');
const entry = require.resolve('@vladmandic/face-api/dist/face-api.node-wasm.js');
const faceapi = require(entry);
await faceapi.tf.setBackend(process.argv[2]);
await faceapi.tf.ready();

for (const [index, { net, shape }] of JSON.parse(readFileSync('inputs.json', 'utf8')).entries()) {
  const network = faceapi.nets[net];
  if (!network.isLoaded) await network.loadFromDisk(join(dirname(entry), '..', 'model'));
  const bytes = readFileSync(`input-${index}.bin`);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const input = await faceapi.toNetInput(faceapi.tf.tensor4d(values, shape));
  writeFileSync(`output-${index}.bin`, network.forwardInput(input, shape[1]).dataSync());
}
