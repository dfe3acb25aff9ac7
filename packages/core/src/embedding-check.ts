import type { Embedded, EmbedderDescription } from './embedder.ts';
import { checkEmbedding } from './embedding.ts';
import { AffinisError } from './errors.ts';
import { failure, type Result } from './result.ts';

/** An embedder's result, refused where it is not what its description promises: plugins bring embedders too. */
export function checkEmbedded(
  result: Result<Embedded>,
  { model, space, dimension, uncertainty }: EmbedderDescription,
): Result<Embedded> {
  if (!result.ok) return result;
  const { embedding } = result.value;
  try {
    if (embedding.space !== space || embedding.mean.length !== dimension) throw new Error('another space or dimension');
    if ((embedding.variance?.kind ?? 'none') !== uncertainty) throw new Error('another kind of variance');
    checkEmbedding(embedding);
  } catch (cause) {
    const message = `[core] model ${model.name} gave no valid embedding for this sample; the server's log has the cause`;
    return failure(new AffinisError('internal', message, { reason: 'MODEL_OUTPUT', cause }));
  }
  return result;
}
