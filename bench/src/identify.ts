import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AffinisClient } from '@affinis/client';
import type { Embedding, Result, Sample } from '@affinis/core';
import type { Benchmark, Report } from './benchmark.ts';
import { createDegrader } from './identify/degrader.ts';
import { enrolThroughKill } from './identify/enrol.ts';
import { faceSet } from './identify/face-set.ts';
import type { IdentificationSamples, IdentificationSet } from './identify/identification-set.ts';
import { quantisedRecall } from './identify/recall.ts';
import { type Probe, searchAll } from './identify/search.ts';
import { voiceSet } from './identify/voice-set.ts';
import { countReasons, embedAll } from './support/embed-all.ts';
import { compareRates, type Search } from './support/identification.ts';
import { missingData } from './support/workplace.ts';

const metrics = ['cosine', 'mls', 'mls-llr'] as const;
const recipe = 'any';
const options = { fpir: 0.01, draws: 1000, seed: 1 };
const gallery = 'people';

export const identifyFaces: Benchmark = {
  name: 'identify-faces',
  description: 'LFW: one image of each person enrolled, the server killed meanwhile; others and strangers identified',
  run: () => identification(faceSet),
};

export const identifyVoices: Benchmark = {
  name: 'identify-voices',
  description: 'LibriSpeech: one piece of each speaker enrolled, the server killed meanwhile; others identified',
  run: () => identification(voiceSet),
};

async function identification(set: IdentificationSet) {
  const missing = missingData(set.files);
  if (missing.length > 0) return { skipped: `development data not found: ${missing.join(', ')}` };
  const folder = mkdtempSync(join(tmpdir(), 'affinis-identify-'));
  try {
    return await measure(set, await set.read(), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(set: IdentificationSet, samples: IdentificationSamples, folder: string): Promise<Report> {
  const { embedder } = set;
  const config = (memoryLimit: string) =>
    `galleries: { path: ${join(folder, 'galleries')}, memoryLimit: ${memoryLimit} }`;
  const pipelines = metrics.map((metric) => `${embedder}-${metric}`);
  const progress = createProgress();

  progress(`enrolling ${samples.enrolled.length}, killing the server halfway`);
  const place = { gallery, pipeline: `${embedder}-cosine`, config: config('1GiB') };
  const { server, figures: enrolment } = await enrolThroughKill(place, samples.enrolled);
  try {
    progress(`${enrolment.missingAfterKill} acknowledged templates missing; preparing probes`);
    const { clean, degraded } = await prepareProbes(set, samples, server.client, progress);
    const rates = {
      clean: await rate(server.client, pipelines, clean),
      degraded: await rate(server.client, pipelines, degraded),
    };
    progress(`embedding ${samples.others.length} more for the recall of quantised rows`);
    const others = await embedAll(
      server.client,
      samples.others.map(({ sample }) => sample),
      embedder,
    );
    const embeddings = [...[...clean, ...degraded].map(({ embedding }) => embedding), ...others].flatMap((result) =>
      result.ok ? [result.value] : [],
    );
    const recall = await quantisedRecall(server, config('0.001MiB'), pipelines, embeddings);
    return {
      ratios: {
        missing_after_kill: enrolment.missingAfterKill,
        recall_at_10: Math.min(...Object.values(recall.recallAt10)),
      },
      figures: {
        enrolment: { samples: samples.enrolled.length, ...enrolment },
        mates: samples.mates.length,
        strangers: samples.strangers.length,
        strangerPeople: new Set(samples.strangers.map(({ subject }) => subject)).size,
        refused: { clean: refusals(clean), degraded: refusals(degraded) },
        fpir: options.fpir,
        recipe,
        percentByProbes: rates,
        recall,
      },
    };
  } finally {
    await server.stop();
  }
}

const refusals = (probes: readonly Probe[]) => countReasons(probes.map(({ embedding }) => embedding));

/** Clean probes and degraded copies of them, both embedded by the server from the same canonical form. */
async function prepareProbes(
  set: IdentificationSet,
  { mates, strangers }: IdentificationSamples,
  client: AffinisClient,
  progress: (what: string) => void,
) {
  const owners = [
    ...mates.map((each) => ({ ...each, mated: true })),
    ...strangers.map((each) => ({ ...each, mated: false })),
  ];
  const degrader = await createDegrader(set);
  try {
    const canonical = await degrader.canonical(owners.map(({ sample }) => sample));
    progress(`embedding ${owners.length} clean probes`);
    const clean = await eachSuccess(canonical, (samples) => embedAll(client, samples, set.embedder));
    progress(`degrading and embedding ${owners.length} probes`);
    const worse = await eachSuccess(canonical, (samples) => degrader.degrade(samples, recipe));
    const degraded = await eachSuccess(worse, (samples) => embedAll(client, samples, set.embedder));
    const probesOf = (embeddings: readonly Result<Embedding>[]): Probe[] =>
      owners.flatMap(({ subject, mated }, at) => {
        const embedding = embeddings[at];
        return embedding ? [{ subject, mated, embedding }] : [];
      });
    return { clean: probesOf(clean), degraded: probesOf(degraded) };
  } finally {
    await degrader.close();
  }
}

/** `work` on what has come so far; failures stay where they are. */
async function eachSuccess<R>(
  inputs: readonly Result<Sample>[],
  work: (samples: readonly Sample[]) => Promise<Result<R>[]>,
): Promise<Result<R>[]> {
  const results = await work(inputs.flatMap((input) => (input.ok ? [input.value] : [])));
  let next = 0;
  return inputs.map((input) => (input.ok ? (results[next++] as Result<R>) : input));
}

/** All metrics over the same gallery, without enrolling anybody again. */
async function rate(client: AffinisClient, pipelines: readonly string[], probes: readonly Probe[]) {
  const searches = new Map<string, readonly Search[]>();
  for (const pipeline of pipelines) searches.set(pipeline, await searchAll(client, gallery, pipeline, probes));
  return compareRates(searches, options);
}

function createProgress(): (what: string) => void {
  const started = performance.now();
  return (what) => console.error(`${((performance.now() - started) / 1000).toFixed(0)} s: ${what}`);
}
