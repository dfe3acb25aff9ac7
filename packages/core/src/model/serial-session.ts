import type { Session } from '../backend.ts';

/** The same session with its calls one after another, as `Session` demands: a worker has several batches in hand. */
export function createSerialSession(session: Session): Session {
  let last: Promise<unknown> = Promise.resolve();
  const after = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: (inputs, outputs) => after(() => session.run(inputs, outputs)),
    dispose: () => after(() => session.dispose()),
  };
}
