import { type FittingData, usableRows } from './fitting-data.ts';
import type { PopulationFit } from './population.ts';

/** Below this a head may learn its subjects by heart, and intervals are wide. */
const fewSubjects = 100;

/** What the reader of a report should know of its data. */
export function warningsOf(
  data: FittingData,
  samples: Int32Array,
  { withinFrom, deadDimensions }: PopulationFit,
): string[] {
  const { subjects, copies, dimension } = data;
  const people = new Set(samples.map((sample) => subjects[sample] as number)).size;
  const lost = subjects.length - samples.length;
  const degraded = samples.length * copies - usableRows(data, samples).length;
  const warnings: string[] = [];
  if (people < fewSubjects)
    warnings.push(
      `${people} subjects are few: the head may not carry over to others; ${fewSubjects} or more are better`,
    );
  if (withinFrom === 'copies')
    warnings.push(
      'no subject has two samples: the variance within a subject and all genuine pairs are of copies of one sample, which is optimistic, and clean pairs could not be judged',
    );
  if (deadDimensions > 0)
    warnings.push(`${deadDimensions} of ${dimension} dimensions hardly vary; their variances are set to a floor`);
  if (lost > 0) warnings.push(`${lost} of ${subjects.length} samples could not be embedded and are left out`);
  if (degraded > 0)
    warnings.push(`${degraded} of ${samples.length * (copies - 1)} degraded copies could not be embedded`);
  return warnings;
}
