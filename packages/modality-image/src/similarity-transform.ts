import type { Point } from '@affinis/core';
import type { Affine } from './affine.ts';

export interface SimilarityFit {
  readonly transform: Affine;
  /** Share of the target points' variance that the fit explains, 0..1: 1 is an exact fit. */
  readonly explained: number;
}

/**
 * The rotation, scale and shift (no reflection) that brings `from` nearest to `to` in the least-squares sense:
 * Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns", in two
 * dimensions, where points are complex numbers and the solution is `Σ conj(from) to / Σ |from|²` of centred points.
 * Both lists have the same length. `undefined` where `from` is a single place, which has no scale.
 */
export function similarityTransform(from: readonly Point[], to: readonly Point[]): SimilarityFit | undefined {
  const source = centre(from);
  const target = centre(to);
  let real = 0;
  let imaginary = 0;
  let sourceSquares = 0;
  let targetSquares = 0;
  from.forEach((point, index) => {
    const goal = to[index] ?? target;
    const [x, y, u, v] = [point.x - source.x, point.y - source.y, goal.x - target.x, goal.y - target.y];
    real += x * u + y * v;
    imaginary += x * v - y * u;
    sourceSquares += x * x + y * y;
    targetSquares += u * u + v * v;
  });
  const length = real * real + imaginary * imaginary;
  if (!(sourceSquares > 0) || !(length > 0)) return undefined;
  const a = real / sourceSquares;
  const c = imaginary / sourceSquares;
  const transform = {
    a,
    b: -c,
    tx: target.x - a * source.x + c * source.y,
    c,
    d: a,
    ty: target.y - c * source.x - a * source.y,
  };
  return { transform, explained: length / (sourceSquares * targetSquares) };
}

function centre(points: readonly Point[]): Point {
  let x = 0;
  let y = 0;
  for (const point of points) {
    x += point.x;
    y += point.y;
  }
  return { x: x / points.length, y: y / points.length };
}
