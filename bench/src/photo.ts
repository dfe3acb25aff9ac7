import type { AffinisClient, VerifyAnswer } from '@affinis/client';
import type { Embedding, MediaSample, Result } from '@affinis/core';
import type { Benchmark } from './benchmark.ts';
import { mediaSample, sampleFaces, sampleVoices, twelveMegapixels } from './support/media.ts';
import { repeat } from './support/repeat.ts';
import { withServer } from './support/server.ts';
import { median, quantile, rounded } from './support/statistics.ts';

const inFlightUnderLoad = 8;

export const photo: Benchmark = {
  name: 'photo',
  description: 'the whole way of a photo and of a recording by phase, one at a time and under load',
  run: () =>
    withServer({}, async ({ client }) => {
      const large = await twelveMegapixels();
      const figures = {
        photoOf640Pixels: await measure(client, sampleFaces, 200),
        photoOf12Megapixels: { fileKb: rounded(large.bytes.length / 1000), ...(await measure(client, [large], 40)) },
        recordingOf3Seconds: await measure(client, sampleVoices, 200),
      };
      const share = ({ medianMs: { inference, total } }: Phases) => rounded(inference / total);
      return {
        ratios: {
          photo_inference_share: share(figures.photoOf640Pixels.oneAtATime),
          photo_12mp_inference_share: share(figures.photoOf12Megapixels.oneAtATime),
          voice_inference_share: share(figures.recordingOf3Seconds.oneAtATime),
        },
        figures,
      };
    }),
};

/**
 * Milliseconds of one call by phase. `remainder`: what the client waited for beyond the phases that the server names,
 * which is transport, and under load the work on batch mates.
 */
type PhaseMs = Record<'queue' | 'decode' | 'prepare' | 'inference' | 'score' | 'remainder' | 'total', number>;

interface Phases {
  readonly perSecond: number;
  readonly medianMs: PhaseMs;
  readonly p95TotalMs: number;
}

async function measure(client: AffinisClient, samples: readonly MediaSample[], calls: number) {
  const references = (await client.embed(samples)).map((result) => answerOf(result).embedding);
  const run = (times: number, inFlight: number) => verifyAll(client, samples, references, times, inFlight);
  await run(Math.ceil(calls / 10), 1);
  return { oneAtATime: await run(calls, 1), underLoad: await run(calls, inFlightUnderLoad) };
}

/** Verifies a medium against an embedding from before, so that each call embeds one medium and scores one pair. */
async function verifyAll(
  client: AffinisClient,
  samples: readonly MediaSample[],
  references: readonly Embedding[],
  times: number,
  inFlight: number,
): Promise<Phases> {
  const all: PhaseMs[] = [];
  const started = performance.now();
  await repeat(times, inFlight, async (index) => {
    const sample = mediaSample((samples[index % samples.length] as MediaSample).bytes);
    const embedding = references[(index + 1) % references.length] as Embedding;
    const calledAt = performance.now();
    const [result] = await client.verify([{ left: [sample], right: [{ kind: 'embedding', embedding }] }]);
    all.push(phasesOf(answerOf(result), performance.now() - calledAt));
  });
  const perSecond = (times / (performance.now() - started)) * 1000;
  const names = ['queue', 'decode', 'prepare', 'inference', 'score', 'remainder', 'total'] as const;
  const medians = names.map((name) => [name, rounded(median(all.map((phases) => phases[name])))] as const);
  return {
    perSecond: rounded(perSecond),
    medianMs: Object.fromEntries(medians) as PhaseMs,
    p95TotalMs: rounded(
      quantile(
        all.map(({ total }) => total),
        0.95,
      ),
    ),
  };
}

function phasesOf({ timings }: VerifyAnswer, total: number): PhaseMs {
  const { queueMs: queue, decodeMs: decode, prepareMs: prepare, inferenceMs: inference, scoreMs: score } = timings;
  return {
    queue,
    decode,
    prepare,
    inference,
    score,
    remainder: total - queue - decode - prepare - inference - score,
    total,
  };
}

function answerOf<T>(result: Result<T> | undefined): T {
  if (!result?.ok) throw result?.error ?? new Error('no result');
  return result.value;
}
