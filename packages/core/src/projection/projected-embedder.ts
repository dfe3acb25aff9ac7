import type { Session } from '../backend.ts';
import type { Embedded, Embedder } from '../embedder.ts';
import { AffinisError } from '../errors.ts';
import type { ModelManifest } from '../model/manifest.ts';
import { failure, type Result, success } from '../result.ts';
import { float32 } from '../tensor.ts';
import { describeProjection, projectionInput, unusable } from './describe-projection.ts';
import { type LinearPart, projectedVariance } from './projected-variance.ts';

export interface ProjectedEmbedderParts {
  readonly embedder: Embedder;
  readonly manifest: ModelManifest;
  readonly session: Session;
  /** float32[P, D], where the manifest names one. */
  readonly matrix?: Float32Array | undefined;
}

/** An embedder whose embeddings pass a learned map: PCA, LDA, NCA, ITML, kernel PCA. All of a batch run at once. */
export async function createProjectedEmbedder(parts: ProjectedEmbedderParts): Promise<Embedder> {
  const { embedder, manifest, session } = parts;
  const { dimension, tensor } = projectionInput(manifest);
  const input = nameOf(manifest, tensor, session.inputNames, 'input.tensor');
  const output = nameOf(manifest, manifest.output.tensor, session.outputNames, 'output.tensor');
  const outputs = manifest.output.dimension ?? 0;

  const project = async (means: readonly Float32Array[]): Promise<Float32Array> => {
    const packed = new Float32Array(means.length * dimension);
    for (const [row, mean] of means.entries()) packed.set(mean, row * dimension);
    const { [output]: projected } = await session.run({ [input]: float32([means.length, dimension], packed) }, [
      output,
    ]);
    if (projected?.dtype !== 'float32' || projected.data.length !== means.length * outputs)
      throw unusable(
        `projection ${manifest.name} gives ${projected?.dtype ?? 'nothing'} [${projected?.shape ?? ''}] where float32 [${means.length}, ${outputs}] was declared in model.yaml`,
        'output',
      );
    return projected.data;
  };

  const linear = parts.matrix && (await linearPart(manifest, parts.matrix, dimension, outputs, project));
  const description = describeProjection(embedder.description, manifest, linear);

  const projected = (embedded: Embedded, values: Float32Array, milliseconds: number): Result<Embedded> => {
    const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    if (!Number.isFinite(norm) || norm === 0)
      return failure(
        new AffinisError('internal', `[core] projection ${manifest.name} gave no finite direction for this sample`, {
          reason: 'MODEL_OUTPUT',
        }),
      );
    const scale = description.unitNorm ? 1 / norm : 1;
    const { variance } = embedded.embedding;
    const kept = linear && variance && description.varianceId !== undefined;
    return success({
      ...embedded,
      embedding: {
        mean: values.map((value) => value * scale),
        ...(kept ? { variance: projectedVariance(linear, variance, scale), varianceId: description.varianceId } : {}),
        unitNorm: description.unitNorm,
        space: description.space,
      },
      timings: { ...embedded.timings, inferenceMs: embedded.timings.inferenceMs + milliseconds },
    });
  };

  return {
    description,
    async embed(samples, options) {
      const results = await embedder.embed(samples, options);
      const whole = results.flatMap((result) => (result.ok ? [result.value] : []));
      if (whole.length === 0) return results;
      const started = performance.now();
      const values = await project(whole.map(({ embedding }) => embedding.mean));
      const milliseconds = (performance.now() - started) / whole.length;
      let row = 0;
      return results.map((result) => {
        if (!result.ok) return result;
        const first = outputs * row++;
        return projected(result.value, values.slice(first, first + outputs), milliseconds);
      });
    },
    ...(embedder.transform ? { transform: embedder.transform.bind(embedder) } : {}),
    async dispose() {
      await session.dispose();
      await embedder.dispose?.();
    },
  };
}

/** Whether the matrix beside the model is the model's: the two are compared where it matters, on what was loaded. */
async function linearPart(
  { name }: ModelManifest,
  matrix: Float32Array,
  dimension: number,
  outputs: number,
  project: (means: readonly Float32Array[]) => Promise<Float32Array>,
): Promise<LinearPart> {
  if (matrix.length !== outputs * dimension)
    throw unusable(
      `projection ${name}: input.linear holds ${matrix.length} numbers where ${outputs} x ${dimension} fit; write it again`,
      'input.linear',
    );
  const probe = Float32Array.from({ length: dimension }, (_, d) => Math.sin(d + 1));
  const both = await project([new Float32Array(dimension), probe]);
  const [offset, moved] = [both.slice(0, outputs), both.slice(outputs)];
  for (let p = 0; p < outputs; p++) {
    let expected = offset[p] as number;
    let reach = Math.abs(expected);
    for (let d = 0; d < dimension; d++) {
      const term = (matrix[p * dimension + d] as number) * (probe[d] as number);
      expected += term;
      reach += Math.abs(term);
    }
    if (Math.abs((moved[p] as number) - expected) > 1e-4 * Math.max(reach, 1e-12))
      throw unusable(
        `projection ${name}: input.linear is not the matrix of its model; write both again`,
        'input.linear',
      );
  }
  return { matrix, offset, dimension };
}

function nameOf({ name }: ModelManifest, wanted: string | undefined, names: readonly string[], field: string): string {
  const found = wanted ?? names[0];
  if (found !== undefined && names.includes(found)) return found;
  throw unusable(
    `projection ${name} has no "${found ?? ''}"; set ${field} in model.yaml to one of: ${names.join(', ')}`,
    field,
  );
}
