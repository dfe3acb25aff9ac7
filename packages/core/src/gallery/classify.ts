import type { Classification, IdentityCandidate, LabelVotes } from './identification.ts';
import { factsOf, insufficiency, withoutReason } from './identify.ts';
import type { EmbeddedProbe } from './probe.ts';
import type { Found, SearchParts } from './search.ts';

/**
 * k-NN vote over an open set: of the `k` nearest templates those vote that the policy takes for a match, each for its own
 * label; without anything to decide by all of them vote, and the decision stays `undecided`.
 */
export function classificationOf(
  parts: SearchParts,
  probe: EmbeddedProbe,
  found: Found,
  labelOf: (candidate: IdentityCandidate) => string | undefined,
): Classification {
  const reason = insufficiency(parts, probe, found);
  const undecided = found.candidates.some(({ decision }) => decision === 'undecided');
  const voters = found.candidates.filter(({ decision }) => decision === (undecided ? 'undecided' : 'match'));
  const votes = count(voters.map(withoutReason), labelOf);
  const [winner] = votes;
  const label = reason === undefined ? winner?.label : undefined;
  return {
    decision: reason !== undefined ? 'insufficient' : undecided ? 'undecided' : winner ? 'match' : 'unknown',
    ...(label === undefined ? {} : { label }),
    ...(reason === undefined ? {} : { reason }),
    votes,
    ...factsOf(parts, probe, found),
  };
}

/** Candidates come best first, so that a label's first is its best and, the sort being stable, breaks ties. */
function count(
  voters: readonly IdentityCandidate[],
  labelOf: (candidate: IdentityCandidate) => string | undefined,
): LabelVotes[] {
  const votes = new Map<string, LabelVotes>();
  for (const candidate of voters) {
    const label = labelOf(candidate);
    if (label === undefined) continue;
    const known = votes.get(label);
    votes.set(label, { label, votes: (known?.votes ?? 0) + 1, best: known?.best ?? candidate });
  }
  return [...votes.values()].sort((a, b) => b.votes - a.votes);
}
