import { identifyItemToProto, v1 } from '@affinis/contracts';
import { AffinisError, attempt, type Probe, type Result, type Sample } from '@affinis/core';
import { type AskContext, ask, inlineBytes, limitsOf } from './ask.ts';
import { embedProtocol } from './item-protocol.ts';
import { itemBytes } from './message-size.ts';
import type { CallOptions } from './options.ts';

/**
 * Probes as one message can hold them: of those that are larger, the samples are embedded first, over a stream, by the
 * embedder of the pipeline that will search. What cannot be sent or embedded fails alone.
 */
export async function shrinkProbes(
  context: AskContext,
  probes: readonly Probe[],
  { gallery, pipeline }: { readonly gallery: string; readonly pipeline: string },
  call: CallOptions,
): Promise<readonly Result<Probe>[]> {
  const maxBytes = inlineBytes(context.settings);
  let embedder: Promise<string> | undefined;
  return Promise.all(
    probes.map((probe) =>
      attempt(async () => {
        if (itemBytes(identifyItemToProto('', probe)) <= maxBytes) return probe;
        embedder ??= embedderOf(context, gallery, pipeline, call);
        return embedded(context, await embedder, probe, call);
      }, 'client'),
    ),
  );
}

async function embedded(context: AskContext, embedder: string, probe: Probe, call: CallOptions): Promise<Probe> {
  const raw = probe.filter((sample): sample is Sample => sample.kind !== 'embedding');
  const results = await ask(context, embedProtocol(embedder), raw, call);
  let next = 0;
  return probe.map((sample, index) => {
    if (sample.kind === 'embedding') return sample;
    const result = results[next++];
    if (!result?.ok) throw atSample(result?.error, index);
    return { kind: 'embedding', embedding: result.value.embedding };
  });
}

/** `items[0].sample.media` of Embed is `samples[index].media` of the probe. */
function atSample(error: AffinisError | undefined, index: number): AffinisError {
  const { code, message, field = '', reason, retryAfterMs } = AffinisError.from(error, 'client');
  return new AffinisError(code, message, {
    field: `samples[${index}]${/(?:^|\.)sample(\..*)$/.exec(field)?.[1] ?? ''}`,
    ...(reason === undefined ? {} : { reason }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

async function embedderOf(
  { transport, settings }: AskContext,
  gallery: string,
  pipeline: string,
  call: CallOptions,
): Promise<string> {
  const limits = limitsOf(settings, call);
  const { galleries } = await transport.unary(v1.GalleryService.listGalleries, {}, limits);
  const name = pipeline || galleries.find((each) => each.name === gallery)?.pipeline;
  const { pipelines } = await transport.unary(v1.SimilarityService.listPipelines, {}, limits);
  const found = pipelines.find((each) => each.name === name);
  if (found) return found.embedder;
  throw new AffinisError('not-found', `[client] no gallery "${gallery}", or no pipeline "${name ?? ''}" to embed by`, {
    field: 'gallery',
  });
}
