import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { givenConfig, givenEmbedding } from '../support/given-embeddings.ts';
import { residentMb } from '../support/process-usage.ts';
import { withServer } from '../support/server.ts';
import { createTemplates } from '../support/templates.ts';
import type { Soak } from './soak.ts';

const dimension = 128;
const enrolments = 100_000;
const samples = 1000;
/** By a fifth of them caches are warm and the heap has its size. */
const settled = enrolments / 5;
const allowance = 1.25;

/** One person who is enrolled again and again: what a template was before must not stay anywhere. */
export const oneIdentity: Soak = {
  name: 'one-identity',
  description: 'a round is 100,000 enrolments of one identity through the server, whose memory has to stay level',
  defaultRounds: 1,
  async round() {
    const folder = mkdtempSync(join(tmpdir(), 'affinis-one-identity-'));
    const rows = createTemplates({ dimension, rows: samples, identities: 1, seed: 1 });
    try {
      return await withServer({ config: givenConfig({ dimension, path: folder }) }, async ({ client, pid }) => {
        await client.createGallery('staff', 'mls');
        const items = Array.from({ length: samples }, (_, row) => ({
          id: String(row),
          templateId: 'ann',
          samples: [{ kind: 'embedding' as const, embedding: givenEmbedding(rows, row) }],
        }));
        const started = performance.now();
        let acknowledged = 0;
        let settledMb = 0;
        while (acknowledged < enrolments) {
          for await (const { result } of client.enrollStream('staff', items)) {
            if (!result.ok) throw result.error;
            acknowledged++;
          }
          if (acknowledged === settled) settledMb = residentMb(pid).now;
          if (acknowledged % settled === 0) console.error(`${acknowledged}: ${residentMb(pid).now.toFixed(0)} MB`);
        }
        const enrolS = (performance.now() - started) / 1000;
        const { now: endMb, peak: peakMb } = residentMb(pid);
        if (endMb > allowance * settledMb)
          throw new Error(`memory grew from ${settledMb.toFixed(0)} to ${endMb.toFixed(0)} MB`);
        const [gallery] = await client.listGalleries();
        if (gallery?.templates !== 1) throw new Error(`${gallery?.templates} templates where one was enrolled`);
        const [found] = await client.identify('staff', [[items[0]?.samples[0] ?? []].flat()], { k: 1 });
        if (!found?.ok || found.value.candidates[0]?.templateId !== 'ann') throw new Error('it is not found');
        return { acknowledged, enrolS, settledMb, endMb, peakMb };
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
