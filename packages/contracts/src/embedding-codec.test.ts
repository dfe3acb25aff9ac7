import { AffinisError } from '@affinis/core';
import fc from 'fast-check';
import { blockFromProto, blockToProto, embeddingFromProto, embeddingToProto } from './embedding-codec.ts';
import { Embedding, EmbeddingBlock, VarianceKind } from './generated/affinis/v1/embedding.ts';

/** The bytes at an odd place of a larger buffer, as a decoder hands them out. */
function atOddOffset(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.byteLength + 9).fill(0xff);
  larger.set(bytes, 3);
  return larger.subarray(3, 3 + bytes.byteLength);
}

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const message = (fields: Partial<Embedding>) => Embedding.create({ mean: floats(3, 4), space: 's', ...fields });

function errorOf(action: () => unknown): AffinisError {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof AffinisError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

test('little-endian float32 values come out as written, from any offset, in memory of their own', () => {
  const mean = Uint8Array.of(0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0); // 1 and -2 by IEEE 754
  const source = atOddOffset(mean);
  const embedding = embeddingFromProto(message({ mean: source, variance: atOddOffset(floats(0.5)) }), 'left');
  source.fill(0);
  expect([...embedding.mean]).toEqual([1, -2]);
  expect(embedding.variance).toEqual({ kind: 'scalar', values: Float32Array.of(0.5) });
});

test.each<[string, Partial<Embedding>, string]>([
  ['mean of 7 bytes', { mean: new Uint8Array(7) }, 'left.mean'],
  ['no mean', { mean: new Uint8Array() }, 'left.mean'],
  ['zero mean', { mean: floats(0, 0) }, 'left.mean'],
  ['NaN', { mean: floats(1, Number.NaN) }, 'left.mean'],
  ['infinity', { mean: floats(1, Number.POSITIVE_INFINITY) }, 'left.mean'],
  ['norm 5 declared as 1', { unitNorm: true }, 'left.mean'],
  ['too many dimensions', { mean: new Uint8Array(4 * 65537) }, 'left.mean'],
  ['another dimension', { dimension: 3 }, 'left.dimension'],
  ['variance of 5 bytes', { variance: new Uint8Array(5) }, 'left.variance'],
  ['variance of 3 values for 2 dimensions', { variance: floats(1, 1, 1) }, 'left.variance'],
  ['negative variance', { variance: floats(1, -1) }, 'left.variance'],
  ['zero variance', { variance: floats(0) }, 'left.variance'],
  ['no space', { space: '' }, 'left.space'],
])('%s is refused with its field', (_, fields, field) => {
  expect(errorOf(() => embeddingFromProto(message(fields), 'left'))).toMatchObject({ code: 'invalid-argument', field });
});

test('a missing embedding is refused with its field', () => {
  expect(errorOf(() => embeddingFromProto(undefined, 'right')).field).toBe('right');
});

const component = fc.float({ min: Math.fround(0.01), max: 100, noNaN: true });

test('an embedding survives the wire', () => {
  const embeddings = fc.integer({ min: 2, max: 20 }).chain((dimension) =>
    fc.record({
      mean: fc.float32Array({
        minLength: dimension,
        maxLength: dimension,
        min: Math.fround(0.01),
        max: 100,
        noNaN: true,
      }),
      unitNorm: fc.constant(false),
      space: fc.string({ minLength: 1 }),
      variance: fc.oneof(
        fc.record({ kind: fc.constant('scalar' as const), values: component.map((value) => Float32Array.of(value)) }),
        fc.record({
          kind: fc.constant('diagonal' as const),
          values: fc
            .array(component, { minLength: dimension, maxLength: dimension })
            .map((values) => Float32Array.from(values)),
        }),
      ),
      varianceId: fc.string({ minLength: 1 }),
    }),
  );
  fc.assert(
    fc.property(embeddings, (embedding) => {
      const decoded = Embedding.decode(Embedding.encode(embeddingToProto(embedding)).finish());
      expect(embeddingFromProto(decoded, 'embedding')).toEqual(embedding);
    }),
  );
});

const block = (fields: Partial<EmbeddingBlock>) =>
  EmbeddingBlock.create({ dimension: 2, count: 2, means: floats(1, 2, 3, 4), space: 's', ...fields });

test('a block travels with the rows of its view only', () => {
  const variances = Float32Array.of(1, 2, 3, 4, 5, 6);
  const means = Float32Array.of(9, 9, 1, 2, 3, 4);
  const view = {
    dimension: 2,
    means,
    variances,
    varianceKind: 'diagonal',
    unitNorm: false,
    start: 1,
    count: 2,
  } as const;
  const decoded = EmbeddingBlock.decode(
    EmbeddingBlock.encode(blockToProto({ block: view, space: 's', varianceId: 'v' })).finish(),
  );
  const received = blockFromProto(decoded, 'queries');
  expect(received).toMatchObject({
    space: 's',
    varianceId: 'v',
    block: { start: 0, count: 2, varianceKind: 'diagonal' },
  });
  expect([...received.block.means]).toEqual([1, 2, 3, 4]);
  expect([...(received.block.variances ?? [])]).toEqual([3, 4, 5, 6]);
});

test.each<[string, Partial<EmbeddingBlock>, string]>([
  ['no rows', { count: 0 }, 'queries.count'],
  ['no dimension', { dimension: 0 }, 'queries.dimension'],
  ['a row short', { count: 3 }, 'queries.means'],
  ['a count whose size overflows 32 bits', { count: 0x4000_0001, dimension: 1 }, 'queries.means'],
  ['variances without a kind', { variances: floats(1, 1) }, 'queries.variances'],
  [
    'scalar variances of the wrong number',
    { varianceKind: VarianceKind.SCALAR, variances: floats(1) },
    'queries.variances',
  ],
  ['a zero row', { means: floats(1, 2, 0, 0) }, 'queries[1].mean'],
  ['a negative variance', { varianceKind: VarianceKind.SCALAR, variances: floats(1, -1) }, 'queries[1].variance'],
])('a block with %s is refused with its field', (_, fields, field) => {
  expect(errorOf(() => blockFromProto(block(fields), 'queries'))).toMatchObject({ code: 'invalid-argument', field });
});
