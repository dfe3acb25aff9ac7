import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/*
 * Loaded into the server by `--import`, which its worker threads inherit. `reset` begins a measurement, `report` answers
 * with it. The histogram holds the time between two runs of a timer of 1 ms, so that an idle loop reads about 1.1 ms.
 */

export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly samples: number;
}

if (isMainThread) {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  const ms = (nanoseconds: number) => nanoseconds / 1e6;
  process.on('message', (question) => {
    if (question === 'report')
      process.send?.({
        p50Ms: ms(histogram.percentile(50)),
        p99Ms: ms(histogram.percentile(99)),
        maxMs: ms(histogram.max),
        samples: histogram.count,
      } satisfies LoopDelay);
    else {
      histogram.reset();
      process.send?.('reset');
    }
  });
}
