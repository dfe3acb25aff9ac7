import { type AffinisClient, blockOf } from '@affinis/client';
import type { Embedding } from '@affinis/core';
import type { Benchmark } from './benchmark.ts';
import { countReasons, embedAll } from './support/embed-all.ts';
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

/** A piece that the server refuses, for want of speech, is counted and left out of the pairs. */
async function measure(client: AffinisClient, pieces: readonly Piece[], embedder: string) {
  const started = performance.now();
  const results = await embedAll(
    client,
    pieces.map(({ sample }) => sample),
    embedder,
  );
  const piecesPerSecond = rounded((pieces.length / (performance.now() - started)) * 1000);
  const embedded = results.flatMap((result, index) =>
    result.ok ? [{ speaker: pieces[index]?.speaker ?? '', embedding: result.value }] : [],
  );
  const pairs = await allPairs(client, embedded);
  const genuine = pairs.filter((pair) => pair.genuine).length;
  return {
    eer: rounded(equalErrorRate(pairs)),
    genuine,
    impostor: pairs.length - genuine,
    refused: countReasons(results),
    piecesPerSecond,
  };
}

interface EmbeddedPiece {
  readonly speaker: string;
  readonly embedding: Embedding;
}

/** Every pair of two different pieces, by ScoreMatrix. */
async function allPairs(client: AffinisClient, pieces: readonly EmbeddedPiece[]): Promise<ScoredPair[]> {
  const block = blockOf(pieces.map(({ embedding }) => embedding));
  const pairs: ScoredPair[] = [];
  for await (const tile of client.scoreMatrix(block, block, { metric: 'cosine' }))
    for (const [at, score] of tile.scores.entries()) {
      const left = tile.firstQuery + Math.floor(at / tile.referenceCount);
      const right = tile.firstReference + (at % tile.referenceCount);
      if (left < right) pairs.push({ score, genuine: pieces[left]?.speaker === pieces[right]?.speaker });
    }
  return pairs;
}
