/** A count on standard error while work is long: redrawn in a terminal, a line every few seconds elsewhere. */
export function createProgress(label: string, total: number): { tick(): void; done(): void } {
  const { stderr } = process;
  const everyMs = stderr.isTTY ? 100 : 5000;
  let count = 0;
  let shownAt = performance.now();
  let shown = false;
  const show = () => {
    shownAt = performance.now();
    shown = true;
    stderr.write(`${stderr.isTTY ? '\r' : ''}${label} ${count}/${total}${stderr.isTTY ? '' : '\n'}`);
  };
  return {
    tick() {
      count++;
      if (performance.now() - shownAt >= everyMs) show();
    },
    done() {
      if (!shown) return;
      show();
      if (stderr.isTTY) stderr.write('\n');
    },
  };
}
