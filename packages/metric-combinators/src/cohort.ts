import { readFileSync } from 'node:fs';
import { AffinisError, type EmbeddingBlock } from '@affinis/core';
import { z } from 'zod';

const lineSchema = z.object({
  mean: z.array(z.number()).min(1),
  variance: z.array(z.number().positive()).nullish(),
  unitNorm: z.boolean(),
  space: z.string(),
});

/**
 * Strangers to normalise by, as `affinis embed --json` prints them: one embedding a line, all of one space, with a
 * variance each or none. Throws `invalid-argument` naming file and line.
 */
export function readCohort(file: string): EmbeddingBlock {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw unfit(`${file} cannot be read; check the path`, cause);
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const rows = lines.map((line, index) => parseLine(line, `${file}:${index + 1}`));
  const [first] = rows;
  if (!first || rows.length < 2) throw unfit(`${file} holds ${rows.length} embeddings; two or more are needed`);
  const variances = first.variance?.length ?? 0;
  for (const [index, row] of rows.entries())
    if (
      row.space !== first.space ||
      row.mean.length !== first.mean.length ||
      row.unitNorm !== first.unitNorm ||
      (row.variance?.length ?? 0) !== variances
    )
      throw unfit(`${file}:${index + 1} is of another space or kind than the first line; embed all by one embedder`);
  return {
    dimension: first.mean.length,
    means: Float32Array.from(rows.flatMap(({ mean }) => mean)),
    ...(variances === 0 ? {} : { variances: Float32Array.from(rows.flatMap(({ variance }) => variance ?? [])) }),
    varianceKind: variances === 0 ? 'none' : variances === first.mean.length ? 'diagonal' : 'scalar',
    unitNorm: first.unitNorm,
    start: 0,
    count: rows.length,
  };
}

function parseLine(line: string, where: string): z.infer<typeof lineSchema> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (cause) {
    throw unfit(`${where} is no JSON; write the cohort with "affinis embed --json"`, cause);
  }
  const parsed = lineSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw unfit(`${where} holds no embedding; leave failed samples out, or write the cohort with "affinis embed --json"`);
}

const unfit = (problem: string, cause?: unknown) =>
  new AffinisError('invalid-argument', `[metric-combinators] cohort ${problem}`, {
    field: 'cohort',
    reason: 'BAD_PARAMETERS',
    cause,
  });
