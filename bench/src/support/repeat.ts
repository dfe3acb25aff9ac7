/** Keeps `inFlight` runs of `work` going until `signal` aborts, then waits for those that are under way. */
export async function keepBusy(inFlight: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  const loop = async () => {
    while (!signal.aborted) await work();
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
}

/** Runs `work` `times` times, `inFlight` at once. */
export async function repeat(times: number, inFlight: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const loop = async () => {
    while (next < times) await work(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
}

/** Results in the order of the inputs, `inFlight` at once. */
export async function mapBusy<T, R>(
  inputs: readonly T[],
  inFlight: number,
  work: (input: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(inputs.length);
  await repeat(inputs.length, inFlight, async (index) => {
    results[index] = await work(inputs[index] as T, index);
  });
  return results;
}
