import type { Point } from '@affinis/core';

/**
 * Maps a source point to a target point: `x' = a x + b y + tx`, `y' = c x + d y + ty`. A pixel's coordinates are those
 * of its centre, so the top left pixel covers -0.5..0.5 (as in OpenCV).
 */
export interface Affine {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly c: number;
  readonly d: number;
  readonly ty: number;
}

export const applyAffine = (t: Affine, { x, y }: Point): Point => ({
  x: t.a * x + t.b * y + t.tx,
  y: t.c * x + t.d * y + t.ty,
});

/** The map that undoes `t`, whose determinant must not be 0. */
export function invertAffine(t: Affine): Affine {
  const determinant = t.a * t.d - t.b * t.c;
  const a = t.d / determinant;
  const b = -t.b / determinant;
  const c = -t.c / determinant;
  const d = t.a / determinant;
  return { a, b, tx: -(a * t.tx + b * t.ty), c, d, ty: -(c * t.tx + d * t.ty) };
}

/** First `inner`, then `outer`. */
export function composeAffine(outer: Affine, inner: Affine): Affine {
  const { x: tx, y: ty } = applyAffine(outer, { x: inner.tx, y: inner.ty });
  return {
    a: outer.a * inner.a + outer.b * inner.c,
    b: outer.a * inner.b + outer.b * inner.d,
    tx,
    c: outer.c * inner.a + outer.d * inner.c,
    d: outer.c * inner.b + outer.d * inner.d,
    ty,
  };
}

/** Scales pixel areas: the source's top left corner stays the target's, whatever the scale. */
export const scaleAffine = (sx: number, sy = sx): Affine => ({
  a: sx,
  b: 0,
  tx: (sx - 1) / 2,
  c: 0,
  d: sy,
  ty: (sy - 1) / 2,
});

/** How much longer lengths become, averaged over directions. */
export const affineScale = (t: Affine): number => Math.sqrt(Math.abs(t.a * t.d - t.b * t.c));
