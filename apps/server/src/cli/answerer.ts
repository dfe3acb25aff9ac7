import type { EmbedAnswer, PipelineAnswer, VerifyAnswer } from '@affinis/contracts';
import type { Comparison, Result, Sample } from '@affinis/core';

/** What answers the commands: this process (`local-answerer.ts`) or a server (`remote-answerer.ts`). */
export interface Answerer {
  /** `embedder` absent: the default one for the samples' kind. */
  embed(embedder: string | undefined, samples: readonly Sample[]): Promise<readonly Result<EmbedAnswer>[]>;
  /** `pipeline` absent: the default one for the samples' kind. */
  verify(pipeline: string | undefined, comparison: Comparison): Promise<VerifyAnswer>;
  /** No pipelines: every available one of the samples' kind. */
  compare(pipelines: readonly string[], comparison: Comparison): Promise<readonly PipelineAnswer[]>;
  close(): Promise<void>;
}
