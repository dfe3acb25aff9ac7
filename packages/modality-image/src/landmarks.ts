import type { Point } from '@affinis/core';
import { badSample } from './errors.ts';

/** Checks what a client sent as landmarks of an image of this size; throws BAD_LANDMARKS. */
export function checkLandmarks(landmarks: readonly Point[], width: number, height: number): void {
  if (landmarks.length !== 5)
    throw bad(
      `${landmarks.length} landmarks were sent where five are needed: right eye, left eye, nose tip, right and left mouth corner`,
    );
  if (!landmarks.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))) throw bad('a landmark is not finite');
  if (!landmarks.every(({ x, y }) => x >= -width && x <= 2 * width && y >= -height && y <= 2 * height))
    throw bad(
      `a landmark lies far outside the image of ${width} x ${height} pixels; send pixels of the full-size image, EXIF rotation applied`,
    );
  if (spread(landmarks) < 1) throw bad('the landmarks lie within two pixels; send pixels, not shares of the width');
}

export const disordered = () =>
  bad(
    'the landmarks cannot be those of a face; the order is right eye (left in the image), left eye, nose tip, right and left mouth corner',
  );

const bad = (problem: string) => badSample('media.landmarks', 'BAD_LANDMARKS', problem);

/** Root mean square distance from the centre. */
function spread(points: readonly Point[]): number {
  const [x, y] = [mean(points.map((point) => point.x)), mean(points.map((point) => point.y))];
  return Math.sqrt(mean(points.map((point) => (point.x - x) ** 2 + (point.y - y) ** 2)));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
