export interface AdamOptions {
  readonly weightDecay: number;
  /** A gradient longer than this, over all parameters, is shortened to it. */
  readonly clipNorm: number;
}

const firstDecay = 0.9;
const secondDecay = 0.999;
const epsilon = 1e-8;

/** AdamW (Loshchilov and Hutter 2019): returns a step that changes `parameters` in place. Matrices decay, biases do not. */
export function createAdam(parameters: readonly Float32Array[], { weightDecay, clipNorm }: AdamOptions) {
  const first = parameters.map((values) => new Float32Array(values.length));
  const second = parameters.map((values) => new Float32Array(values.length));
  let steps = 0;
  return (gradients: readonly Float32Array[], rate: number): void => {
    steps++;
    const scale = Math.min(1, clipNorm / (norm(gradients) + 1e-6));
    const size = rate / (1 - firstDecay ** steps);
    const correction = 1 / (1 - secondDecay ** steps);
    for (const [index, values] of parameters.entries()) {
      const decay = index % 2 === 0 ? 1 - rate * weightDecay : 1;
      update(values, gradients[index] as Float32Array, first[index] as Float32Array, second[index] as Float32Array, {
        scale,
        size,
        correction,
        decay,
      });
    }
  };
}

function update(
  values: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
  { scale, size, correction, decay }: { scale: number; size: number; correction: number; decay: number },
): void {
  for (let at = 0; at < values.length; at++) {
    const slope = (gradient[at] as number) * scale;
    const m = firstDecay * (first[at] as number) + (1 - firstDecay) * slope;
    const v = secondDecay * (second[at] as number) + (1 - secondDecay) * slope * slope;
    first[at] = m;
    second[at] = v;
    values[at] = (values[at] as number) * decay - (size * m) / (Math.sqrt(v * correction) + epsilon);
  }
}

function norm(gradients: readonly Float32Array[]): number {
  let squares = 0;
  for (const values of gradients) for (let at = 0; at < values.length; at++) squares += (values[at] as number) ** 2;
  return Math.sqrt(squares);
}

/** One-cycle schedule (Smith and Topin 2019): a tenth of the steps up from `peak / 25`, the rest down to almost nothing. */
export function oneCycle(step: number, steps: number, peak: number): number {
  const top = Math.max(1, 0.1 * steps - 1);
  const between = (from: number, to: number, share: number) => to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
  if (step <= top) return between(peak / 25, peak, step / top);
  return between(peak, peak / 250_000, Math.min(1, (step - top) / Math.max(1, steps - 1 - top)));
}
