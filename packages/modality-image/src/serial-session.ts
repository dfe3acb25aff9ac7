import type { LoadedModel, Session } from '@affinis/core';

/** The same model with its runs queued one after another, as `Session` demands; samples are prepared side by side. */
export function serialised({ manifest, session }: LoadedModel): LoadedModel {
  let last: Promise<unknown> = Promise.resolve();
  const run: Session['run'] = (inputs, outputs) => {
    const next = last.then(() => session.run(inputs, outputs));
    last = next.catch(() => undefined);
    return next;
  };
  return {
    manifest,
    session: {
      inputNames: session.inputNames,
      outputNames: session.outputNames,
      run,
      dispose: () => session.dispose(),
    },
  };
}
