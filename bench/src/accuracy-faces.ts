import type { AffinisClient } from '@affinis/client';
import type { MediaSample } from '@affinis/core';
import type { Benchmark } from './benchmark.ts';
import { countReasons, embedAll, scorePairs } from './support/embed-all.ts';
import {
  type LfwPair,
  lfwFiles,
  pairKey,
  readImages,
  readLandmarks,
  readPairs,
  readReferenceScores,
} from './support/lfw.ts';
import { withServer } from './support/server.ts';
import { correlation, mean, rounded, roundedAll } from './support/statistics.ts';
import { equalErrorRate, foldAccuracies } from './support/verification.ts';
import { artefactOf, missingData } from './support/workplace.ts';

const userModel = 'mobileface-v2';
const referenceColumn = 'mobileface_V2_rgb_raw';
/** Every n-th pair also goes through Verify as two images. */
const verifyEvery = 10;
const sameWithin = 1e-5;

const config = `
embedders:
  user-face: { model: ${userModel} }
pipelines:
  user-face: { embedder: user-face, metric: cosine }
`;

export const accuracyFaces: Benchmark = {
  name: 'accuracy-faces',
  description: 'LFW folds 1 to 5 from the images alone, and a model added by its model.yaml against reference scores',
  async run() {
    const missing = missingData([...Object.values(lfwFiles), artefactOf(userModel)]);
    if (missing.length > 0) return { skipped: `development data not found: ${missing.join(', ')}` };
    const pairs = readPairs();
    const images = readImages(pairs);
    return withServer({ config, userModels: [userModel] }, async ({ client }) => {
      const own = await scoreLfw(client, 'face', pairs, images);
      const folds = foldAccuracies(own.scored);
      const verified = await compareWithVerify(client, pairs, images, own.scores);
      const user = await scoreLfw(client, 'user-face', pairs, withLandmarks(images));
      return {
        ratios: {
          lfw_accuracy: rounded(mean(folds)),
          lfw_eer: rounded(equalErrorRate(scoredOnly(own.scored))),
          user_model_correlation: Number(correlationWithReference(pairs, user.scores).toFixed(5)),
        },
        figures: {
          pairs: pairs.length,
          images: images.size,
          ownDetector: { ...own.figures, accuracyByFold: roundedAll(folds) },
          verifyAgainstEmbedAndScore: verified,
          userModel: {
            name: userModel,
            ...user.figures,
            accuracyByFold: roundedAll(foldAccuracies(user.scored)),
            eer: rounded(equalErrorRate(scoredOnly(user.scored))),
          },
        },
      };
    });
  },
};

/** Embeds every image once and scores every pair, both through the server. */
async function scoreLfw(
  client: AffinisClient,
  embedder: string,
  pairs: readonly LfwPair[],
  images: ReadonlyMap<string, MediaSample>,
) {
  const started = performance.now();
  const names = [...images.keys()];
  const results = await embedAll(client, [...images.values()], embedder);
  const embeddings = new Map(names.map((name, index) => [name, results[index]]));
  const embeddingOf = (name: string) => {
    const result = embeddings.get(name);
    return result?.ok ? result.value : undefined;
  };
  const scores = await scorePairs(
    client,
    pairs.map(({ left, right }) => [embeddingOf(left), embeddingOf(right)]),
  );
  return {
    scores,
    scored: pairs.map(({ fold, genuine }, index) => ({ fold, genuine, score: scores[index] })),
    figures: {
      imagesPerSecond: rounded((images.size / (performance.now() - started)) * 1000),
      refused: countReasons(results),
      pairsWithoutScore: scores.filter((score) => score === undefined).length,
    },
  };
}

const scoredOnly = (scored: readonly { readonly score: number | undefined; readonly genuine: boolean }[]) =>
  scored.flatMap(({ score, genuine }) => (score === undefined ? [] : [{ score, genuine }]));

function withLandmarks(images: ReadonlyMap<string, MediaSample>): ReadonlyMap<string, MediaSample> {
  const landmarks = readLandmarks();
  return new Map(
    [...images].map(([name, image]) => {
      const points = landmarks.get(name);
      return [name, points ? { ...image, landmarks: points } : image];
    }),
  );
}

/** That Verify of two images gives what Embed and Score give. */
async function compareWithVerify(
  client: AffinisClient,
  pairs: readonly LfwPair[],
  images: ReadonlyMap<string, MediaSample>,
  scores: readonly (number | undefined)[],
) {
  const chosen = pairs.flatMap((pair, index) => (index % verifyEvery === 0 ? [{ pair, expected: scores[index] }] : []));
  const side = (name: string) => images.get(name) ?? [];
  const results = await client.verify(
    chosen.map(({ pair }) => ({ left: [side(pair.left)].flat(), right: [side(pair.right)].flat() })),
    { pipeline: 'face-cosine' },
  );
  const differences = results.map((result, index) => {
    const expected = chosen[index]?.expected;
    if (!result.ok || expected === undefined) return result.ok === (expected !== undefined) ? 0 : Number.NaN;
    return Math.abs(result.value.score - expected);
  });
  return {
    pairs: chosen.length,
    same: differences.filter((difference) => difference <= sameWithin).length,
    largestDifference: Math.max(...differences),
  };
}

function correlationWithReference(pairs: readonly LfwPair[], scores: readonly (number | undefined)[]): number {
  const reference = readReferenceScores(referenceColumn);
  const both = pairs.flatMap(({ left, right }, index) => {
    const [expected, score] = [reference.get(pairKey(left, right)), scores[index]];
    return expected === undefined || score === undefined ? [] : [{ expected, score }];
  });
  if (both.length !== pairs.length) throw new Error(`only ${both.length} of ${pairs.length} pairs have both scores`);
  return correlation(
    both.map(({ score }) => score),
    both.map(({ expected }) => expected),
  );
}
