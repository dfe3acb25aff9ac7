import type { Point } from '@affinis/core';

/** The five landmarks that alignment uses, out of the 68 of the iBUG 300-W scheme. */
export function fivePoints(points: readonly Point[]): Point[] {
  return [...eyeCentres(points), ...[30, 48, 54].flatMap((index) => points[index] ?? [])];
}

/** How far the line from the right eye (left in the image) to the left eye falls below level, in radians. */
export function eyeAngle(points: readonly Point[]): number {
  const [right, left] = eyeCentres(points);
  return Math.atan2(left.y - right.y, left.x - right.x);
}

const eyeCentres = (points: readonly Point[]): [Point, Point] => [
  mean(points.slice(36, 42)),
  mean(points.slice(42, 48)),
];

function mean(points: readonly Point[]): Point {
  const sum = points.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}
