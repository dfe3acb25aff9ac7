import type { Box, Face } from './detector.ts';

/** Keeps, the most confident first, the faces that overlap no kept one by more than `iouThreshold`. */
export function suppressNonMaxima(faces: readonly Face[], iouThreshold: number): Face[] {
  const kept: Face[] = [];
  for (const face of [...faces].sort((one, other) => other.confidence - one.confidence))
    if (kept.every((better) => intersectionOverUnion(better.box, face.box) <= iouThreshold)) kept.push(face);
  return kept;
}

/** Shared area over covered area, 0..1. */
export function intersectionOverUnion(one: Box, other: Box): number {
  const width = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
  const height = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (one.width * one.height + other.width * other.height - shared);
}
