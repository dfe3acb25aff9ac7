import { type AffinisClient, blockOf } from '@affinis/client';
import type { Embedding } from '@affinis/core';
import type { Benchmark } from './benchmark.ts';
import { embedEach } from './support/embed-all.ts';
import { librispeechArchive, type Piece, readPieces } from './support/librispeech.ts';
import { withServer } from './support/server.ts';
import { rounded } from './support/statistics.ts';
import { equalErrorRate, type ScoredPair } from './support/verification.ts';
import { missingData } from './support/workplace.ts';

const config = `
embedders:
  voice-whole: { model: speaker-ge2e-int8, options: { vad: none } }
`;

export const accuracyVoice: Benchmark = {
  name: 'accuracy-voice',
  description: 'LibriSpeech pieces of 3 s: equal error rate of all pairs, with and without voice activity detection',
  async run() {
    const missing = missingData([librispeechArchive]);
    if (missing.length > 0) return { skipped: `development data not found: ${missing.join(', ')}` };
    const pieces = await readPieces();
    return withServer({ config }, async ({ client }) => {
      const withVad = await measure(client, pieces, 'voice');
      const withoutVad = await measure(client, pieces, 'voice-whole');
      return {
        ratios: { voice_eer_vad: withVad.eer, voice_eer_no_vad: withoutVad.eer },
        figures: {
          pieces: pieces.length,
          speakers: new Set(pieces.map(({ speaker }) => speaker)).size,
          withVad,
          withoutVad,
        },
      };
    });
  },
};

async function measure(client: AffinisClient, pieces: readonly Piece[], embedder: string) {
  const started = performance.now();
  const samples = pieces.map(({ sample }) => sample);
  const embeddings = await embedEach(client, samples, embedder);
  const piecesPerSecond = rounded((pieces.length / (performance.now() - started)) * 1000);
  const pairs = await allPairs(client, pieces, embeddings);
  const genuine = pairs.filter((pair) => pair.genuine).length;
  return {
    eer: rounded(equalErrorRate(pairs)),
    genuine,
    impostor: pairs.length - genuine,
    piecesPerSecond,
  };
}

/** Every pair of two different pieces, by ScoreMatrix. */
async function allPairs(
  client: AffinisClient,
  pieces: readonly Piece[],
  embeddings: readonly Embedding[],
): Promise<ScoredPair[]> {
  const block = blockOf(embeddings);
  const pairs: ScoredPair[] = [];
  for await (const tile of client.scoreMatrix(block, block, { metric: 'cosine' }))
    for (const [at, score] of tile.scores.entries()) {
      const left = tile.firstQuery + Math.floor(at / tile.referenceCount);
      const right = tile.firstReference + (at % tile.referenceCount);
      if (left < right) pairs.push({ score, genuine: pieces[left]?.speaker === pieces[right]?.speaker });
    }
  return pairs;
}
