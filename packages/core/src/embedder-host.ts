import type { Embedded, EmbedderDescription } from './embedder.ts';
import { AffinisError } from './errors.ts';
import type { Modality } from './modality.ts';
import { attempt, type Result } from './result.ts';
import { payloadOf, type Sample } from './sample.ts';
import type { Scheduler } from './scheduler.ts';

/** A configured embedder as the event loop sees it: a name, a state, and a queue to the workers. */
export interface EmbedderHost {
  readonly name: string;
  /** Its name in the worker pool: embedders of one specification share it. */
  readonly key: string;
  readonly state: EmbedderState;
  /** Throws `failed-precondition`, saying what to mend, where the embedder cannot be used. */
  assertAvailable(): void;
  /** One result per sample, in order. */
  embed(samples: readonly Sample[], signal?: AbortSignal): Promise<readonly Result<EmbeddedSample>[]>;
}

export type EmbedderState =
  | { readonly available: true; readonly description: EmbedderDescription }
  /** `reason` says what is wrong and how to mend it. */
  | { readonly available: false; readonly reason: string; readonly error: AffinisError };

export interface EmbeddedSample extends Embedded {
  /** Milliseconds between arrival and the start of its batch. */
  readonly queueMs: number;
}

export interface EmbedderHostParts {
  readonly name: string;
  /** Default: `name`. */
  readonly key?: string;
  readonly state: EmbedderState;
  readonly modality: Modality | undefined;
  readonly scheduler: Scheduler<Sample, Embedded>;
}

export function createEmbedderHost({ name, key = name, state, modality, scheduler }: EmbedderHostParts): EmbedderHost {
  const embedOne = async (sample: Sample, signal: AbortSignal | undefined): Promise<EmbeddedSample> => {
    const cost = costOf(modality, sample);
    const bytes = payloadOf(sample)?.byteLength ?? (sample.kind === 'text' ? sample.text.length * 2 : 0);
    const { result, queueMs } = await scheduler.submit(key, sample, { cost, bytes, signal });
    if (!result.ok) throw result.error;
    return { ...result.value, queueMs };
  };
  return {
    name,
    key,
    state,
    assertAvailable: () => assertAvailable(name, state),
    embed: async (samples, signal) => {
      assertAvailable(name, state);
      return Promise.all(samples.map((sample) => attempt(() => embedOne(sample, signal))));
    },
  };
}

/** A plugin's estimate; nonsense counts as one row. */
function costOf(modality: Modality | undefined, sample: Sample): number {
  const cost = modality?.cost?.(sample) ?? 1;
  return cost > 0 && Number.isFinite(cost) ? cost : 1;
}

function assertAvailable(
  name: string,
  state: EmbedderState,
): asserts state is Extract<EmbedderState, { available: true }> {
  if (!state.available)
    throw new AffinisError('failed-precondition', `[core] embedder "${name}" is unavailable: ${state.reason}`, {
      field: 'embedder',
      reason: 'EMBEDDER_UNAVAILABLE',
    });
}
