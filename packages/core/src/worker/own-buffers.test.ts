import type { Sample } from '../sample.ts';
import { float32, uint8 } from '../tensor.ts';
import { ownBuffers } from './own-buffers.ts';

const pool = Buffer.from('xxxxabcdxxxx');
const view = pool.subarray(4, 8);
const floats = new Float32Array([9, 1, 2, 9]).subarray(1, 3);

it.each<[string, Sample, number]>([
  ['media in a Buffer', { kind: 'media', bytes: view }, 4],
  ['a tensor in a Buffer', { kind: 'tensor', tensor: uint8([4], view) }, 4],
  ['a float tensor', { kind: 'tensor', tensor: float32([2], floats) }, 8],
  ['sound', { kind: 'pcm', samples: floats, sampleRateHz: 1, channels: 1 }, 8],
  [
    'sound in shared memory',
    { kind: 'pcm', samples: new Float32Array(new SharedArrayBuffer(8)), sampleRateHz: 1, channels: 1 },
    8,
  ],
])('copies %s into a buffer of its own', (_, sample, size) => {
  const { samples, transfer } = ownBuffers([sample]);
  expect(transfer.map((buffer) => buffer.byteLength)).toEqual([size]);
  expect(transfer[0]).toBeInstanceOf(ArrayBuffer);
  expect(structuredClone(samples[0], { transfer })).toMatchObject({ kind: sample.kind });
  expect(pool.toString()).toBe('xxxxabcdxxxx');
  expect([...floats]).toEqual([1, 2]);
});

it('keeps what a sample says besides, and gives one buffer a sample where two share one', () => {
  const sample: Sample = { kind: 'media', bytes: view, mediaType: 'image/png', landmarks: [{ x: 1, y: 2 }] };
  const { samples, transfer } = ownBuffers([sample, { kind: 'text', text: 'a' }, sample]);
  expect(samples[0]).toMatchObject({ mediaType: 'image/png', landmarks: [{ x: 1, y: 2 }] });
  expect(samples[1]).toEqual({ kind: 'text', text: 'a' });
  expect(new Set(transfer).size).toBe(2);
});
