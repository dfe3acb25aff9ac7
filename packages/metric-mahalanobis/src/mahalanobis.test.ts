import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MetricReference, metricConformance } from '@affinis/conformance';
import type { EmbeddingBlock, Metric } from '@affinis/core';
import fc from 'fast-check';
import plugin, { createMahalanobis, mahalanobis } from './index.ts';

/** A factor of `outputs` rows with entries of both signs, which no permutation of dimensions leaves alone. */
const factor = (dimension: number, outputs = dimension): number[][] =>
  Array.from({ length: outputs }, (_, p) =>
    Array.from({ length: dimension }, (_, d) => (p === d ? 1.5 : 0) + Math.fround(Math.sin(3 * p + 7 * d + 1) / 2)),
  );

/** Naively from the definition: `√ Σ_p (Σ_d L_pd (a_d - b_d))²`, with `L` as float32 holds it. */
const reference =
  (outputs: (dimension: number) => number): MetricReference =>
  (left, right) => {
    const rows = factor(left.mean.length, outputs(left.mean.length)).map((row) => row.map(Math.fround));
    const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    const project = (of: (d: number) => number, sign: (x: number) => number = (x) => x) =>
      rows.map((row) => row.reduce((sum, l, d) => sum + sign(l) * of(d), 0));
    const difference = (d: number) => (left.mean[d] ?? Number.NaN) - (right.mean[d] ?? Number.NaN);
    const reach = (d: number) => Math.abs(left.mean[d] ?? 0) + Math.abs(right.mean[d] ?? 0);
    return { score: norm(project(difference)), magnitude: norm(project(reach, Math.abs)) };
  };

const shapes: [string, (dimension: number) => number][] = [
  ['a square factor', (dimension) => dimension],
  ['a factor of fewer rows', (dimension) => Math.ceil(dimension / 2)],
  ['a factor of more rows', (dimension) => dimension + 3],
];
for (const [what, outputs] of shapes)
  metricConformance(`mahalanobis, ${what}`, () => createMahalanobis({ rows: factor(3, outputs(3)) }), {
    polarity: 'distance',
    needsVariance: false,
    createForDimension: (dimension) => createMahalanobis({ rows: factor(dimension, outputs(dimension)) }),
    reference: reference(outputs),
    range: [0, Number.POSITIVE_INFINITY],
    selfScore: 0,
    triangleInequality: true,
    dimensionsInterchange: false,
    ranksAsEuclidean: false,
  });

const block = (...rows: readonly (readonly number[])[]): EmbeddingBlock => ({
  dimension: rows[0]?.length ?? 0,
  means: Float32Array.from(rows.flat()),
  varianceKind: 'none',
  unitNorm: false,
  start: 0,
  count: rows.length,
});
const scoreOf = (metric: Metric, left: readonly number[], right: readonly number[]): number => {
  const scores = new Float64Array(1);
  metric.scoreBlock(block(left), block(right), scores);
  return scores[0] ?? Number.NaN;
};

describe('mahalanobis', () => {
  it('stretches by the factor', () => {
    const metric = createMahalanobis({
      rows: [
        [2, 0],
        [0, 1],
      ],
    });
    expect(scoreOf(metric, [1, 1], [0, 1])).toBe(2);
    expect(scoreOf(metric, [1, 1], [1, -2])).toBe(3);
    expect(scoreOf(metric, [0, 0], [1.5, 4])).toBe(5);
  });

  it('is the distance under a covariance, where the factor is the root of its inverse', () => {
    // C = [[2, 1], [1, 2]]: C⁻¹ = [[2, -1], [-1, 2]] / 3 = LᵀL with L = [[√(2/3), -√(1/6)], [0, √(1/2)]].
    const metric = createMahalanobis({
      rows: [
        [Math.sqrt(2 / 3), -Math.sqrt(1 / 6)],
        [0, Math.sqrt(1 / 2)],
      ],
    });
    // (1, 1) C⁻¹ (1, 1)ᵀ = 2/3 along the diagonal, (1, -1) C⁻¹ (1, -1)ᵀ = 2 across.
    expect(scoreOf(metric, [1, 1], [0, 0])).toBeCloseTo(Math.sqrt(2 / 3), 6);
    expect(scoreOf(metric, [1, -1], [0, 0])).toBeCloseTo(Math.SQRT2, 6);
  });

  it('stays where dimensions and the factor’s columns change places together', () => {
    const value = fc.double({ min: -10, max: 10, noNaN: true }).map(Math.fround);
    const four = fc.array(value, { minLength: 4, maxLength: 4 });
    const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
    fc.assert(
      fc.property(four, four, order, (left, right, places) => {
        const moved = (values: readonly number[]) => places.map((d) => values[d] ?? Number.NaN);
        const expected = scoreOf(createMahalanobis({ rows: factor(4) }), left, right);
        const score = scoreOf(createMahalanobis({ rows: factor(4).map(moved) }), moved(left), moved(right));
        expect(Math.abs(score - expected)).toBeLessThanOrEqual(1e-12 * Math.max(1, expected));
      }),
    );
  });

  it('needs exactly one of a file and rows of one length', () => {
    for (const parameters of [{}, { file: 'a', rows: [[1]] }, { rows: [[1, 2], [3]] }, { rows: [] }, { rows: [[]] }])
      expect(mahalanobis.parameters.safeParse(parameters).success).toBe(false);
  });

  it('is offered by the plugin under its id, with a file that the server resolves', () => {
    expect(plugin.metrics).toEqual([mahalanobis]);
    expect(mahalanobis.files).toEqual(['file']);
  });

  describe('from a file', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'affinis-mahalanobis-'));
    });
    afterEach(() => rmSync(folder, { recursive: true }));
    const fileOf = (content: string | Buffer) => {
      const file = join(folder, 'factor');
      writeFileSync(file, content);
      return { file };
    };
    const npy = (header: string, data: Buffer, version = 1) => {
      const padded = `${header.padEnd(117)}\n`;
      const length = Buffer.alloc(version === 1 ? 2 : 4);
      if (version === 1) length.writeUInt16LE(padded.length);
      else length.writeUInt32LE(padded.length);
      const magic = Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\x00`, 'latin1');
      return Buffer.concat([magic, length, Buffer.from(padded, 'latin1'), data]);
    };
    const floats = Buffer.from(Float32Array.of(2, 0, 0, 1).buffer);
    const doubles = Buffer.from(Float64Array.of(2, 0, 0, 1).buffer);
    const header = (type: string, shape = '(2, 2)', fortran = 'False') =>
      `{'descr': '${type}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

    it.each([
      ['float32', npy(header('<f4'), floats)],
      ['float64', npy(header('<f8'), doubles)],
      ['format 2.0', npy(header('<f4'), floats, 2)],
      ['JSON', '[[2, 0], [0, 1]]'],
    ])('reads %s', (_, content) => {
      expect(scoreOf(createMahalanobis(fileOf(content)), [1, 1], [0, 1])).toBe(2);
    });

    it('knows the space that a header names, and of other files none', () => {
      const named = npy(`${header('<f4')} # space: "faces@1/\\u00e9"`, floats);
      expect(createMahalanobis(fileOf(named))).toMatchObject({ space: 'faces@1/é' });
      expect(createMahalanobis(fileOf(npy(header('<f4'), floats)))).not.toHaveProperty('space');
    });

    it.each([
      ['text', 'no matrix', 'is neither a NumPy file nor JSON'],
      ['ragged rows', '[[1, 2], [3]]', 'holds no rows of numbers of one length'],
      ['nothing', '[]', 'holds no rows'],
      ['integers', npy(header('<i4'), floats), 'is no float32 or float64 [P, D]'],
      ['big endian', npy(header('>f4'), floats), 'is no float32 or float64 [P, D]'],
      ['columns first', npy(header('<f4', '(2, 2)', 'True'), floats), 'ascontiguousarray'],
      ['a vector', npy(header('<f4', '(4,)'), floats), 'is no float32 or float64 [P, D]'],
      ['too few numbers', npy(header('<f4', '(2, 3)'), floats), 'does not hold the 2 x 3 numbers'],
      ['a cut header', npy(header('<f4'), floats).subarray(0, 9), 'is cut off'],
      ['no number', npy(header('<f4'), Buffer.from(Float32Array.of(1, Number.NaN, 0, 1).buffer)), 'holds NaN in row 0'],
      ['what float32 cannot hold', '[[1e300]]', 'holds Infinity in row 0'],
    ])('refuses %s', (_, content, message) => {
      expect(() => createMahalanobis(fileOf(content))).toThrow(message);
    });

    it('names a file that is not there', () => {
      expect(() => createMahalanobis({ file: join(folder, 'gone.npy') })).toThrow('gone.npy cannot be read');
    });
  });
});
