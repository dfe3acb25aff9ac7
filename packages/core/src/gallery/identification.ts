import type { CalibratedScore, Decision } from '../calibration/policy.ts';
import type { SearchFacts } from './gallery.ts';

/** `unknown`: by the policy it is nobody who was searched; `undecided`: the pipeline has nothing to decide by. */
export type IdentifyDecision = 'match' | 'unknown' | 'insufficient' | 'undecided';

/** A template that is alike, with what Verify would say of it. */
export interface IdentityCandidate {
  readonly templateId: string;
  readonly score: number;
  readonly decision: Decision;
  readonly calibrated?: CalibratedScore;
  /**
   * Upper bound on the share of searches by strangers in which some template scores this high: `min(1, N · fmr)` (the
   * union bound over N comparisons).
   */
  readonly searchFmr?: number;
  /** Where it was asked for. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface Identification extends SearchFacts {
  readonly decision: IdentifyDecision;
  /** Where the decision is `match`. */
  readonly templateId?: string;
  /** Why the decision is `insufficient`, and what to do. */
  readonly reason?: string;
  /** Best first. */
  readonly candidates: readonly IdentityCandidate[];
}

export interface Classification extends SearchFacts {
  readonly decision: IdentifyDecision;
  readonly label?: string;
  readonly reason?: string;
  /** Most votes first; of equals the one whose best template is nearer. */
  readonly votes: readonly LabelVotes[];
}

export interface LabelVotes {
  readonly label: string;
  readonly votes: number;
  readonly best: IdentityCandidate;
}
