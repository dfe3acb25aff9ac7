import { AffinisError, type SampleOrEmbedding } from '@affinis/core';
import * as pb from './generated/affinis/v1/sample.ts';
import { rawSampleFromProto, sampleFromProto, sampleToProto } from './sample-codec.ts';

const overTheWire = (sample: SampleOrEmbedding) =>
  sampleFromProto(pb.Sample.decode(pb.Sample.encode(sampleToProto(sample)).finish()), 'sample');

const samples: readonly SampleOrEmbedding[] = [
  { kind: 'media', bytes: Uint8Array.of(1, 2, 3) },
  {
    kind: 'media',
    bytes: Uint8Array.of(0xff, 0xd8),
    mediaType: 'image/jpeg',
    landmarks: [1, 2, 3, 4, 5].map((x) => ({ x, y: x / 2 })),
  },
  { kind: 'pcm', samples: Float32Array.of(0.5, -1), sampleRateHz: 16_000, channels: 2 },
  { kind: 'text', text: 'Ça va? 你好 👋' },
  { kind: 'tensor', tensor: { dtype: 'uint8', shape: [1, 2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 255) } },
  { kind: 'tensor', tensor: { dtype: 'float32', shape: [2], data: Float32Array.of(1.5, -2) } },
  { kind: 'tensor', tensor: { dtype: 'int32', shape: [2], data: Int32Array.of(-1, 7) } },
  { kind: 'tensor', tensor: { dtype: 'int64', shape: [1], data: BigInt64Array.of(-(2n ** 40n)) } },
  { kind: 'embedding', embedding: { mean: Float32Array.of(0.6, 0.8), unitNorm: true, space: 's' } },
];

test.each(samples.map((sample) => [sample.kind, sample] as const))('a %s sample survives the wire', (_, sample) => {
  const received = overTheWire(sample);
  if (sample.kind !== 'media' || received.kind !== 'media') expect(received).toEqual(sample);
  else expect({ ...received, bytes: [...received.bytes] }).toEqual({ ...sample, bytes: [...sample.bytes] });
});

test('16-bit sound becomes floats by full scale 32768', () => {
  const value = pb.Pcm.create({
    samples: Uint8Array.of(0x00, 0x80, 0x00, 0x40), // -32768 and 16384
    encoding: pb.PcmEncoding.INT16,
    sampleRateHz: 8000,
  });
  expect(sampleFromProto({ content: { $case: 'pcm', value } }, 'sample')).toEqual({
    kind: 'pcm',
    samples: Float32Array.of(-1, 0.5),
    sampleRateHz: 8000,
    channels: 1,
  });
});

const media = (fields: Partial<pb.Media>): pb.Sample => ({
  content: { $case: 'media', value: pb.Media.create({ data: Uint8Array.of(1), ...fields }) },
});
const pcm = (fields: Partial<pb.Pcm>): pb.Sample => ({
  content: { $case: 'pcm', value: pb.Pcm.create({ samples: new Uint8Array(8), sampleRateHz: 16_000, ...fields }) },
});
const tensor = (fields: Partial<pb.Tensor>): pb.Sample => ({
  content: {
    $case: 'tensor',
    value: pb.Tensor.create({ dataType: pb.DataType.UINT8, shape: [2], data: new Uint8Array(2), ...fields }),
  },
});
const unknownNumber = 99 as 0;

test.each<[string, pb.Sample | undefined, string]>([
  ['no sample', undefined, 's'],
  ['no content', { content: undefined }, 's'],
  ['an empty file', media({ data: new Uint8Array() }), 's.media.data'],
  ['chunks outside a stream', media({ data: new Uint8Array(), chunkedBytes: 10n }), 's.media.chunked_bytes'],
  ['four landmarks', media({ landmarks: Array(4).fill({ x: 1, y: 1 }) }), 's.media.landmarks'],
  ['a landmark that is NaN', media({ landmarks: Array(5).fill({ x: 1, y: Number.NaN }) }), 's.media.landmarks[0]'],
  ['no sound', pcm({ samples: new Uint8Array() }), 's.pcm.samples'],
  ['half a float', pcm({ samples: new Uint8Array(6) }), 's.pcm.samples'],
  ['half an int16', pcm({ samples: new Uint8Array(5), encoding: pb.PcmEncoding.INT16 }), 's.pcm.samples'],
  ['half a frame', pcm({ samples: new Uint8Array(12), channels: 2 }), 's.pcm.samples'],
  ['no sample rate', pcm({ sampleRateHz: 0 }), 's.pcm.sample_rate_hz'],
  ['a sample rate of 1 MHz', pcm({ sampleRateHz: 1_000_000 }), 's.pcm.sample_rate_hz'],
  ['9 channels', pcm({ channels: 9 }), 's.pcm.channels'],
  ['an unknown encoding', pcm({ encoding: unknownNumber }), 's.pcm.encoding'],
  ['an unknown element type', tensor({ dataType: unknownNumber }), 's.tensor.data_type'],
  ['no shape', tensor({ shape: [] }), 's.tensor.shape'],
  ['a dimension of 0', tensor({ shape: [0], data: new Uint8Array() }), 's.tensor.shape'],
  ['more shape than data', tensor({ shape: [3] }), 's.tensor.data'],
  ['a shape beyond every memory', tensor({ shape: Array(8).fill(0xffff_ffff) }), 's.tensor.data'],
])('%s is refused with its field', (_, sample, field) => {
  expect(() => sampleFromProto(sample, 's')).toThrow(AffinisError);
  expect(() => sampleFromProto(sample, 's')).toThrow(expect.objectContaining({ code: 'invalid-argument', field }));
});

test('an embedder refuses an embedding', () => {
  const sample = sampleToProto({
    kind: 'embedding',
    embedding: { mean: Float32Array.of(1), unitNorm: true, space: 's' },
  });
  expect(() => rawSampleFromProto(sample, 'sample')).toThrow(expect.objectContaining({ reason: 'ALREADY_EMBEDDED' }));
});

test('text with a lone surrogate is refused before UTF-8 would change it', () => {
  expect(() => sampleToProto({ kind: 'text', text: 'a\ud800b' })).toThrow(
    expect.objectContaining({ code: 'invalid-argument' }),
  );
});
