/** A count on standard error while work is long: redrawn in a terminal, a line every few seconds elsewhere. */
export function createProgress(label: string, total: number): { tick(): void; done(): void } {
  const counter = createCounter(label, total);
  return { tick: () => counter.at(counter.count + 1), done: counter.done };
}

/** The same for work that says itself how far it is, and may not know how much there is. */
export function createCounter(label: string, total?: number) {
  const { stderr } = process;
  const everyMs = stderr.isTTY ? 100 : 5000;
  const of = total === undefined ? '' : `/${total}`;
  let count = 0;
  let shownAt = performance.now();
  let shown = false;
  const show = () => {
    shownAt = performance.now();
    shown = true;
    stderr.write(`${stderr.isTTY ? '\r' : ''}${label} ${count}${of}${stderr.isTTY ? '' : '\n'}`);
  };
  return {
    get count() {
      return count;
    },
    at(reached: number) {
      count = reached;
      if (performance.now() - shownAt >= everyMs) show();
    },
    done() {
      if (!shown) return;
      show();
      if (stderr.isTTY) stderr.write('\n');
    },
  };
}
