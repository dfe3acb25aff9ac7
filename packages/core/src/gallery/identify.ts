import type { Decision } from '../calibration/policy.ts';
import { attempt, failure, type Result } from '../result.ts';
import { assess, timingsOf } from '../score-sides.ts';
import type { IdentifyOptions, Probe, SearchFacts } from './gallery.ts';
import type { Identification, IdentifyDecision, IdentityCandidate } from './identification.ts';
import { type EmbeddedProbe, embedProbe } from './probe.ts';
import { type Found, type SearchParts, search } from './search.ts';

type Options = Omit<IdentifyOptions, 'withMetadata'>;

/** Embeds the probes, searches those that can be, and lets `answer` say what was found. A bad probe fails alone. */
export async function searchEach<Answer>(
  parts: SearchParts,
  probes: readonly Probe[],
  options: Options,
  answer: (probe: EmbeddedProbe, found: Found) => Answer | Promise<Answer>,
): Promise<readonly Result<Answer>[]> {
  const { signal } = options;
  const embedded = await Promise.all(
    probes.map((probe) => attempt(() => embedProbe(parts.pipeline, parts.gallery, probe, signal))),
  );
  const good = embedded.flatMap((result) => (result.ok ? [result.value] : []));
  const found = good.length === 0 ? [] : await search(parts, good, options);
  return Promise.all(
    embedded.map((result) => {
      if (!result.ok) return result;
      const outcome = found[good.indexOf(result.value)];
      return outcome ? attempt(() => answer(result.value, outcome)) : failure(undefined);
    }),
  );
}

/** Open-set decision by the best candidate that is sure enough to decide by. */
export function identificationOf(parts: SearchParts, probe: EmbeddedProbe, found: Found): Identification {
  const { candidates } = found;
  const best = candidates.find(({ decision }) => decision !== 'insufficient');
  const reason = insufficiency(parts, probe, found);
  const decision = reason === undefined ? decisions[best?.decision ?? 'no_match'] : 'insufficient';
  return {
    decision,
    ...(decision === 'match' && best ? { templateId: best.templateId } : {}),
    ...(reason === undefined ? {} : { reason }),
    candidates: candidates.map(withoutReason),
    ...factsOf(parts, probe, found),
  };
}

/** Why nothing can be decided; undefined where something can. */
export function insufficiency(
  { pipeline: { maxVariance } }: SearchParts,
  probe: EmbeddedProbe,
  { candidates }: Found,
): string | undefined {
  if (maxVariance === undefined) return undefined;
  if (Math.exp(probe.logVariance ?? 0) > maxVariance) return 'sample too uncertain: capture again';
  return candidates.length > 0 && candidates.every(({ decision }) => decision === 'insufficient')
    ? 'the nearest templates are too uncertain: enrol better samples'
    : undefined;
}

export function factsOf(
  { pipeline }: SearchParts,
  { infos, timings }: EmbeddedProbe,
  { searched, scoreMs }: Found,
): SearchFacts {
  const { policy, threshold } = assess(pipeline, 0, 0, 0);
  return {
    searched,
    ...(policy ? { policy } : {}),
    ...(threshold ? { threshold } : {}),
    infos,
    timings: timingsOf(timings, scoreMs),
  };
}

export const withoutReason = ({
  reason: _,
  ...candidate
}: IdentityCandidate & { readonly reason?: string }): IdentityCandidate => candidate;

const decisions: Readonly<Record<Decision, IdentifyDecision>> = {
  match: 'match',
  no_match: 'unknown',
  insufficient: 'insufficient',
  undecided: 'undecided',
};
