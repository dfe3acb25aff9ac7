import type { Point } from '@affinis/core';
import fc from 'fast-check';
import { applyAffine } from './affine.ts';
import { similarityTransform } from './similarity-transform.ts';

const coordinate = fc.double({ min: -500, max: 500, noNaN: true });
const point = fc.record({ x: coordinate, y: coordinate });
const points = fc
  .array(point, { minLength: 5, maxLength: 5 })
  .filter((list) => list.some(({ x, y }) => Math.hypot(x - (list[0]?.x ?? 0), y - (list[0]?.y ?? 0)) > 1));

const error = (map: (p: Point) => Point, from: readonly Point[], to: readonly Point[]) =>
  from.reduce((sum, p, index) => {
    const { x, y } = map(p);
    return sum + (x - (to[index]?.x ?? 0)) ** 2 + (y - (to[index]?.y ?? 0)) ** 2;
  }, 0);

describe('similarity transform', () => {
  it('finds a similarity again from what it made of any points', () => {
    const scale = fc.double({ min: 0.05, max: 20, noNaN: true });
    const angle = fc.double({ min: -Math.PI, max: Math.PI, noNaN: true });
    fc.assert(
      fc.property(points, scale, angle, point, (from, s, turn, shift) => {
        const move = ({ x, y }: Point) => ({
          x: s * (Math.cos(turn) * x - Math.sin(turn) * y) + shift.x,
          y: s * (Math.sin(turn) * x + Math.cos(turn) * y) + shift.y,
        });
        const fit = similarityTransform(from, from.map(move));
        expect(fit?.explained).toBeCloseTo(1, 9);
        for (const p of from) {
          const mapped = fit ? applyAffine(fit.transform, p) : p;
          expect(Math.hypot(mapped.x - move(p).x, mapped.y - move(p).y)).toBeLessThan(1e-6);
        }
      }),
    );
  });

  it('has the least squared error: no nearby similarity has a smaller one', () => {
    const step = fc.double({ min: -0.1, max: 0.1, noNaN: true });
    fc.assert(
      fc.property(points, points, step, step, step, step, (from, to, da, dc, dx, dy) => {
        const t = similarityTransform(from, to)?.transform;
        fc.pre(t !== undefined);
        const other = { a: t.a + da, b: t.b - dc, tx: t.tx + dx, c: t.c + dc, d: t.d + da, ty: t.ty + dy };
        const least = error((p) => applyAffine(t, p), from, to);
        expect(least).toBeLessThanOrEqual(error((p) => applyAffine(other, p), from, to) * (1 + 1e-9) + 1e-6);
      }),
    );
  });

  it('never mirrors', () => {
    fc.assert(
      fc.property(points, points, (from, to) => {
        const t = similarityTransform(from, to)?.transform;
        fc.pre(t !== undefined);
        expect(t.a * t.d - t.b * t.c).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('knows no answer for points in one place', () => {
    const place = Array.from({ length: 5 }, () => ({ x: 3, y: 4 }));
    expect(
      similarityTransform(
        place,
        [0, 1, 2, 3, 4].map((x) => ({ x, y: x * x })),
      ),
    ).toBeUndefined();
  });
});
