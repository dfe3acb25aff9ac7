import type { Projection, ScanForm } from '@affinis/core';
import { type MetricReference, mlsLlrReference, mlsReference, type ReferencePoint } from './metric-references.ts';

/** What a scan by `form` ranks rows by, higher being more alike, written down naively in float64. `right` is the row. */
export function scanReference(form: ScanForm): MetricReference {
  switch (form.kind) {
    case 'cosine':
      return projecting(form.projection, (a, b) => ({ score: dot(a, b) / Math.hypot(...a) / Math.hypot(...b) }));
    case 'euclidean':
      return projecting(form.projection, (a, b) => ({ score: -sum(a.map((value, d) => (value - at(b, d)) ** 2)) }));
    case 'dot':
      return projecting(form.projection, (a, b) => {
        const terms = a.map((value, d) => value * at(b, d));
        const biases = form.bias ? b.map((value, d) => at(form.bias ?? [], d) * value * value) : [];
        return { score: sum([...terms, ...biases]) };
      });
    case 'mls':
      return mlsReference;
    case 'mls-llr':
      return mlsLlrReference((d) => ({ mean: at(form.mean, d), between: at(form.between, d) }));
  }
}

/** The magnitude is that of the squares of both sides' projected terms, which is what rounding to float32 refers to. */
function projecting(
  projection: Projection | undefined,
  score: (a: readonly number[], b: readonly number[]) => { readonly score: number },
): MetricReference {
  return (left, right) => {
    const [a, b] = [left, right].map((point) => termsOf(projection, point)) as [Terms, Terms];
    const reach = [a, b].map(({ magnitudes }) => sum(magnitudes.map((value) => value * value)));
    return { ...score(a.values, b.values), magnitude: Math.max(1, ...reach) };
  };
}

interface Terms {
  readonly values: readonly number[];
  readonly magnitudes: readonly number[];
}

/** `matrix · (x - origin)`, and the same of magnitudes. */
function termsOf(projection: Projection | undefined, { mean }: ReferencePoint): Terms {
  if (!projection) return { values: mean, magnitudes: mean.map(Math.abs) };
  const { matrix, origin } = projection;
  const centred = mean.map((value, d) => value - (origin ? at(origin, d) : 0));
  const rows = Array.from({ length: matrix.length / mean.length }, (_, p) =>
    centred.map((value, d) => at(matrix, p * mean.length + d) * value),
  );
  return { values: rows.map(sum), magnitudes: rows.map((terms) => sum(terms.map(Math.abs))) };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((value, d) => value * at(b, d)));

function at(values: ArrayLike<number>, index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`[conformance] no value at ${index}`);
  return value;
}
