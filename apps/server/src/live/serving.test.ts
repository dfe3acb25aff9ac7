import type { Runtime } from '@affinis/core';
import { createServing } from './serving.ts';

/** A state that says when it was closed. */
function stateOf(name: string, closed: string[]) {
  return { name, close: async () => void closed.push(name) } as unknown as Runtime & { readonly name: string };
}

const nameOf = (runtime: Runtime) => (runtime as Runtime & { readonly name: string }).name;

function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

const noError = (thrown: unknown) => {
  throw thrown;
};

describe('what is served', () => {
  it('is the state of an item’s start, which closes when its last item ends', async () => {
    const closed: string[] = [];
    const serving = createServing(stateOf('a', closed), noError);
    const [first, second] = [gate(), gate()];
    const work = ({ opened }: ReturnType<typeof gate>) =>
      serving.use(async (runtime) => {
        await opened;
        return nameOf(runtime);
      });
    const inA = [work(first), work(second)];
    serving.swap(stateOf('b', closed));
    expect(await serving.use(nameOf)).toBe('b');
    first.open();
    expect([await inA[0], closed]).toEqual(['a', []]);
    second.open();
    expect([await inA[1], closed]).toEqual(['a', ['a']]);
    serving.swap(stateOf('c', closed));
    expect(closed).toEqual(['a', 'b']);
    await serving.close();
    expect(closed).toEqual(['a', 'b', 'c']);
  });

  it('is held by a stream until it is read to its end, or left', async () => {
    const closed: string[] = [];
    const serving = createServing(stateOf('a', closed), noError);
    const stream = serving.stream(async function* (runtime) {
      yield nameOf(runtime);
      yield nameOf(runtime);
    });
    const seen: string[] = [];
    for await (const name of stream) {
      serving.swap(stateOf('b', closed));
      seen.push(name);
      break;
    }
    expect([seen, closed]).toEqual([['a'], ['a']]);
  });

  it('is let go by work that fails', async () => {
    const closed: string[] = [];
    const serving = createServing(stateOf('a', closed), noError);
    const failing = [
      serving.use(() => {
        throw new Error('at once');
      }),
      serving.use(async () => {
        throw new Error('later');
      }),
    ];
    serving.swap(stateOf('b', closed));
    expect(await Promise.allSettled(failing)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    expect(closed).toEqual(['a']);
  });

  it('tells of a former state that cannot be closed, and goes on', async () => {
    const errors: unknown[] = [];
    const broken = { close: () => Promise.reject(new Error('stuck')) } as unknown as Runtime;
    const serving = createServing(broken, (thrown) => errors.push(thrown));
    serving.swap(stateOf('b', []));
    await serving.close();
    expect(errors).toEqual([new Error('stuck')]);
  });
});
