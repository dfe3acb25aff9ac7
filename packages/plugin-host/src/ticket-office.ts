/** Lets so many works run at once and keeps the others waiting, in order. */
export interface TicketOffice {
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createTicketOffice(atOnce: number): TicketOffice {
  const queue: (() => void)[] = [];
  let running = 0;
  return {
    async run(work) {
      if (running >= atOnce) await new Promise<void>((resolve) => queue.push(resolve));
      else running++;
      try {
        return await work();
      } finally {
        const next = queue.shift();
        if (next) next();
        else running--;
      }
    },
  };
}
