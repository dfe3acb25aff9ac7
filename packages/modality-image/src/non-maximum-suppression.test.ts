import fc from 'fast-check';
import { intersectionOverUnion, suppressNonMaxima } from './non-maximum-suppression.ts';

const box = fc.record({
  x: fc.integer({ min: 0, max: 20 }),
  y: fc.integer({ min: 0, max: 20 }),
  width: fc.integer({ min: 1, max: 20 }),
  height: fc.integer({ min: 1, max: 20 }),
});
const faces = fc.array(fc.record({ box, confidence: fc.double({ min: 0, max: 1, noNaN: true }) }), { maxLength: 12 });

describe('intersection over union', () => {
  it('is what counting whole pixels gives', () => {
    fc.assert(
      fc.property(box, box, (one, other) => {
        const inside = (b: typeof one, x: number, y: number) =>
          x >= b.x && x < b.x + b.width && y >= b.y && y < b.y + b.height;
        let [shared, covered] = [0, 0];
        for (let x = 0; x < 40; x++)
          for (let y = 0; y < 40; y++) {
            const [a, b] = [inside(one, x, y), inside(other, x, y)];
            if (a && b) shared++;
            if (a || b) covered++;
          }
        expect(intersectionOverUnion(one, other)).toBeCloseTo(shared / covered, 12);
      }),
    );
  });
});

describe('non-maximum suppression', () => {
  it('keeps faces that overlap little, and drops only what a more confident one covers', () => {
    fc.assert(
      fc.property(faces, fc.double({ min: 0, max: 0.9, noNaN: true }), (found, threshold) => {
        const kept = suppressNonMaxima(found, threshold);
        const overlaps = (a: (typeof found)[0], b: (typeof found)[0]) =>
          intersectionOverUnion(a.box, b.box) > threshold;
        for (const [index, face] of kept.entries()) {
          expect(kept.slice(0, index).some((better) => overlaps(better, face))).toBe(false);
          expect(face.confidence).toBeLessThanOrEqual(kept[index - 1]?.confidence ?? 1);
        }
        for (const face of found)
          if (!kept.includes(face))
            expect(kept.some((better) => better.confidence >= face.confidence && overlaps(better, face))).toBe(true);
      }),
    );
  });
});
