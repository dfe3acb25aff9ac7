import { codes } from './code-terms.ts';
import type { CodeParameters } from './protocol.ts';

/** Rows that ranges are taken from. */
export interface SampleRows {
  readonly dimension: number;
  readonly count: number;
  /** Value of a row's mean. */
  mean(row: number, d: number): number;
  /** Value of a row's scaled variance; 0 where there is none. */
  variance(row: number, d: number): number;
}

/** A code reaches at most so many standard deviations, and at least so many. */
const farthest = 6;
const nearest = 3;
/** What lies a little beyond the sample still has a code. */
const allowance = 1.15;
const greatestMeanCode = 127;

/** Ranges that the sample's values fit in, dimension by dimension. */
export function fitCodeParameters(sample: SampleRows): CodeParameters {
  const { dimension, count } = sample;
  const centres = new Float32Array(dimension);
  const steps = new Float32Array(dimension);
  const deviations = new Float32Array(dimension);
  const varianceBits = new Int32Array(dimension);
  const varianceSteps = new Float32Array(dimension);
  const value = new Float32Array(1);
  const bits = new Int32Array(value.buffer);
  for (let d = 0; d < dimension; d++) {
    let sum = 0;
    for (let row = 0; row < count; row++) sum += sample.mean(row, d);
    const centre = sum / count;
    let squares = 0;
    let reach = 0;
    let lowest = 0x7f7fffff;
    let highest = 0;
    for (let row = 0; row < count; row++) {
      const difference = Math.abs(sample.mean(row, d) - centre);
      squares += difference ** 2;
      reach = Math.max(reach, difference);
      value[0] = sample.variance(row, d);
      lowest = Math.min(lowest, bits[0] as number);
      highest = Math.max(highest, bits[0] as number);
    }
    const deviation = Math.sqrt(squares / count);
    const range = Math.max(nearest * deviation, Math.min(allowance * reach, farthest * deviation));
    centres[d] = centre;
    deviations[d] = deviation;
    steps[d] = range > 0 ? range / greatestMeanCode : 1;
    varianceBits[d] = lowest;
    varianceSteps[d] = Math.max(1, (highest - lowest) / (codes - 1));
  }
  return { centres, steps, deviations, varianceBits, varianceSteps };
}
