import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metricConformance, type ReferenceModel, twoCovarianceReference } from '@affinis/conformance';
import { type EmbeddingBlock, type Metric, serialiseTwoCovariance, type TwoCovariance } from '@affinis/core';
import fc from 'fast-check';
import plugin, { createPlda, plda, pldaDiagonal } from './index.ts';

const range = (length: number) => Array.from({ length }, (_, i) => i);
/** A symmetric matrix, `diagonal` on its diagonal and outweighed by it beside: positive definite. */
const symmetric = (dimension: number, diagonal: (d: number) => number, beside: (i: number, j: number) => number) =>
  range(dimension).map((i) => range(dimension).map((j) => (i === j ? diagonal(i) : beside(i, j) / dimension)));

const fullModel = (dimension: number): ReferenceModel => ({
  mean: range(dimension).map((d) => Math.sin(d) / 2),
  between: symmetric(
    dimension,
    (d) => 1 + (d % 3),
    (i, j) => Math.cos(i + j) / 2,
  ),
  within: symmetric(
    dimension,
    (d) => 0.5 + (d % 2) / 4,
    (i, j) => Math.sin(2 * (i + j)) / 4,
  ),
});
const diagonalModel = (dimension: number): ReferenceModel => ({
  mean: range(dimension).map((d) => Math.cos(d) / 3),
  between: symmetric(
    dimension,
    (d) => (d % 4 === 3 ? 0 : 0.25 + d),
    () => 0,
  ),
  within: symmetric(
    dimension,
    (d) => 0.125 + (d % 3),
    () => 0,
  ),
});
const modelOf = (
  { mean, between, within }: ReferenceModel,
  covariance: TwoCovariance['covariance'] = 'full',
): TwoCovariance => {
  const packed = (rows: readonly (readonly number[])[]) =>
    Float64Array.from(covariance === 'full' ? rows.flat() : rows.map((row, i) => row[i] ?? Number.NaN));
  return {
    dimension: mean.length,
    covariance,
    mean: Float64Array.from(mean),
    between: packed(between),
    within: packed(within),
  };
};

/** What is rare is better evidence than what is common, and the axes have weights of their own. */
const laws = { selfIsBest: false, ranksAsEuclidean: false, dimensionsInterchange: false } as const;

metricConformance('plda', () => createPlda(modelOf(fullModel(3))), {
  polarity: 'similarity',
  needsVariance: false,
  createForDimension: (dimension) => createPlda(modelOf(fullModel(dimension))),
  reference: twoCovarianceReference(fullModel),
  ...laws,
});

metricConformance('plda-diagonal', () => createPlda(modelOf(diagonalModel(3), 'diagonal'), 'plda-diagonal'), {
  polarity: 'similarity',
  needsVariance: false,
  createForDimension: (dimension) => createPlda(modelOf(diagonalModel(dimension), 'diagonal'), 'plda-diagonal'),
  reference: twoCovarianceReference(diagonalModel),
  ...laws,
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
const point = (dimension: number) => {
  const value = fc.double({ min: -4, max: 4, noNaN: true }).map(Math.fround);
  return fc.array(value, { minLength: dimension, maxLength: dimension });
};

describe('plda', () => {
  it('scores diagonal covariances alike, written as diagonal or in full', () => {
    // Without the dimension in which subjects do not differ, the first three.
    const model = diagonalModel(3);
    const [full, diagonal] = [createPlda(modelOf(model)), createPlda(modelOf(model, 'diagonal'))];
    fc.assert(
      fc.property(point(3), point(3), (left, right) => {
        expect(scoreOf(full, left, right)).toBeCloseTo(scoreOf(diagonal, left, right), 10);
      }),
    );
  });

  it('stays where dimensions and the model’s change places together', () => {
    const model = fullModel(4);
    const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
    fc.assert(
      fc.property(point(4), point(4), order, (left, right, places) => {
        const moved = <T>(values: readonly T[]) => places.flatMap((d) => values.slice(d, d + 1));
        const square = (rows: readonly (readonly number[])[]) => moved(rows).map(moved);
        const other = { mean: moved(model.mean), between: square(model.between), within: square(model.within) };
        const expected = scoreOf(createPlda(modelOf(model)), left, right);
        expect(scoreOf(createPlda(modelOf(other)), moved(left), moved(right))).toBeCloseTo(expected, 9);
      }),
    );
  });

  it('is the logarithm of the two hypotheses’ densities, integrated over the subject', () => {
    const normal = (x: number, mean: number, variance: number) =>
      Math.exp(-((x - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
    const integrate = (f: (x: number) => number) => {
      let sum = 0;
      for (let x = -14; x < 14; x += 1e-3) sum += f(x) * 1e-3;
      return sum;
    };
    const [m, b, w] = [0.25, 1.5, 0.5];
    const metric = createPlda(modelOf({ mean: [m], between: [[b]], within: [[w]] }));
    for (const [x, y] of [
      [0.5, 0.75],
      [-1.5, 1],
      [3, 2.5],
    ] as const) {
      const same = integrate((z) => normal(z, m, b) * normal(x, z, w) * normal(y, z, w));
      const [left, right] = [x, y].map((value) => integrate((z) => normal(z, m, b) * normal(value, z, w)));
      expect(scoreOf(metric, [x], [y])).toBeCloseTo(Math.log(same / ((left ?? 0) * (right ?? 0))), 8);
    }
  });

  it('ranks with fewer axes where subjects differ along fewer than there are dimensions', () => {
    const model = {
      mean: [0, 0],
      between: [
        [1, 1],
        [1, 1],
      ],
      within: [
        [1, 0],
        [0, 1],
      ],
    };
    const metric = createPlda(modelOf(model));
    expect(metric.scan).toMatchObject({ kind: 'dot', projection: { matrix: { length: 2 } } });
    // Along (1, -1) subjects do not differ, so nothing there is evidence.
    expect(scoreOf(metric, [3, 1], [1, 2])).toBeCloseTo(scoreOf(metric, [2, 2], [2, 1]), 10);
  });

  it.each([
    [
      'a covariance within that is none',
      {
        mean: [0, 0],
        between: [
          [1, 0],
          [0, 1],
        ],
        within: [
          [1, 2],
          [2, 1],
        ],
      },
      'within subjects is not positive definite',
    ],
    [
      'a covariance between that is none',
      {
        mean: [0, 0],
        between: [
          [1, 2],
          [2, 1],
        ],
        within: [
          [1, 0],
          [0, 1],
        ],
      },
      'between subjects is not positive semi-definite',
    ],
    ['subjects that do not differ', { mean: [0], between: [[0]], within: [[1]] }, 'subjects do not differ'],
  ])('refuses %s', (_, model, message) => {
    expect(() => createPlda(modelOf(model))).toThrow(message);
  });

  describe('from a file', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'affinis-plda-'));
    });
    afterEach(() => rmSync(folder, { recursive: true }));
    const fileOf = (text: string) => {
      const file = join(folder, 'model.json');
      writeFileSync(file, text);
      return { file };
    };

    it('scores as what was written', () => {
      const full = modelOf(fullModel(5));
      const diagonal = modelOf(diagonalModel(5), 'diagonal');
      for (const [definition, model] of [
        [plda, full],
        [pldaDiagonal, diagonal],
      ] as const) {
        const read = definition.create(fileOf(serialiseTwoCovariance(model)));
        expect(read.id).toBe(definition.id);
        expect(scoreOf(read, [1, 2, 3, 4, 5], [2, 1, 0, 1, 2])).toBe(
          scoreOf(createPlda(model), [1, 2, 3, 4, 5], [2, 1, 0, 1, 2]),
        );
      }
    });

    it('knows the space that a file names, and of other files none', () => {
      const model = modelOf(fullModel(2));
      const origin = { space: 'm/0', description: 'd', subjects: 2, samples: 4, sha256: 'x', date: '2026-11-24' };
      expect(plda.create(fileOf(serialiseTwoCovariance(model, origin)))).toMatchObject({ space: 'm/0' });
      expect(plda.create(fileOf(serialiseTwoCovariance(model)))).not.toHaveProperty('space');
    });

    it('says which metric reads a file', () => {
      const full = fileOf(serialiseTwoCovariance(modelOf(fullModel(2))));
      expect(() => pldaDiagonal.create(full)).toThrow('holds full covariances, which metric "plda" reads');
      const diagonal = fileOf(serialiseTwoCovariance(modelOf(diagonalModel(2), 'diagonal')));
      expect(() => plda.create(diagonal)).toThrow('holds diagonal covariances, which metric "plda-diagonal" reads');
      expect(() => plda.create({ file: join(folder, 'gone.json') })).toThrow('gone.json cannot be read');
    });

    it('is offered by the plugin, with a file that the server resolves', () => {
      expect(plugin.metrics).toEqual([plda, pldaDiagonal]);
      for (const { files, parameters } of [plda, pldaDiagonal]) {
        expect(files).toEqual(['file']);
        expect(parameters.safeParse({}).success).toBe(false);
      }
    });
  });
});
