import { createSerialSession } from './serial-session.ts';

it('runs one call after another, also after one that failed, and disposes last', async () => {
  const log: string[] = [];
  const finish: (() => void)[] = [];
  const session = createSerialSession({
    inputNames: ['in'],
    outputNames: ['out'],
    async run(_, [name]) {
      log.push(`begin ${name}`);
      await new Promise<void>((resolve) => finish.push(resolve));
      log.push(`end ${name}`);
      if (name === 'a') throw new Error('broken');
      return {};
    },
    dispose: async () => void log.push('dispose'),
  });
  const a = session.run({}, ['a']);
  const b = session.run({}, ['b']);
  const disposed = session.dispose();
  await Promise.resolve();
  expect(log).toEqual(['begin a']);
  finish.shift()?.();
  await expect(a).rejects.toThrow('broken');
  await Promise.resolve();
  finish.shift()?.();
  await b;
  await disposed;
  expect(log).toEqual(['begin a', 'end a', 'begin b', 'end b', 'dispose']);
});
