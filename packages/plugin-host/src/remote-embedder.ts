import { batchesOf, itemBytes, type Limits } from '@affinis/client';
import { embedItemToProto, embedResultFromProto, v1 } from '@affinis/contracts';
import {
  AffinisError,
  type Embedded,
  type EmbedderDescription,
  failure,
  type ProcessPluginConfig,
  type RemoteEmbedder,
  type Result,
  type Sample,
} from '@affinis/core';
import { callPlugin, isLost } from './call-plugin.ts';
import type { PluginInstance } from './plugin-instance.ts';
import type { PluginLife } from './plugin-life.ts';
import type { Supervisor } from './supervisor.ts';

export interface RemoteEmbedderParts {
  readonly id: string;
  readonly config: ProcessPluginConfig;
  readonly supervisor: Supervisor;
  readonly instance: PluginInstance<EmbedderDescription>;
  /** Gives the instance back. */
  release(): Promise<void>;
}

/** What could be sent, or why it cannot. */
type Outgoing = { readonly item: v1.EmbedItem } | { readonly refused: Result<Embedded> };

const mostItems = 256;

/** A plugin's embedder. Samples in hand when its process is lost are asked for again one by one: one of them may be why. */
export function createRemoteEmbedder(parts: RemoteEmbedderParts): RemoteEmbedder {
  const { id, config, supervisor, instance } = parts;
  const ask = async (life: PluginLife, items: readonly v1.EmbedItem[], limits: Limits) => {
    const metadata = await instance.metadata(life, limits);
    const request = { embedder: id, items: [...items] };
    const { results } = await life.transport.unary(v1.EmbedderService.embed, request, { ...limits, metadata });
    return embeddedOf(config.name, items, results);
  };
  const askTogether = (items: readonly v1.EmbedItem[], deadline: number | undefined) =>
    callPlugin(supervisor, config, {
      deadline,
      againAfterLoss: items.length === 1,
      ask: (life, limits) => ask(life, items, limits),
    });
  /** For the second time each: what is lost again is not asked for a third time. */
  const askAlone = async (items: readonly v1.EmbedItem[], deadline: number | undefined) => {
    const results: Result<Embedded>[] = [];
    for (const item of items) {
      const call = {
        deadline,
        againAfterLoss: false,
        ask: (life: PluginLife, limits: Limits) => ask(life, [item], limits),
      };
      results.push(...(await callPlugin(supervisor, config, call).catch((thrown: unknown) => [failure(thrown)])));
    }
    return results;
  };
  const embedBatch = async (items: readonly v1.EmbedItem[], deadline: number | undefined) => {
    try {
      return await askTogether(items, deadline);
    } catch (thrown) {
      if (items.length > 1 && isLost(AffinisError.from(thrown))) return askAlone(items, deadline);
      return items.map(() => failure(thrown));
    }
  };
  return {
    description: instance.description,
    async embed(samples, { deadline }) {
      const { maxPayloadBytes } = (await supervisor.life(deadline)).facts;
      const outgoing = samples.map((sample, at) => outgoingOf(String(at), sample, maxPayloadBytes));
      const items = outgoing.flatMap((out) => ('item' in out ? [out.item] : []));
      const answers: Result<Embedded>[] = [];
      for (const batch of batchesOf(items, itemBytes, maxPayloadBytes, mostItems))
        answers.push(...(await embedBatch(batch, deadline)));
      let next = 0;
      return outgoing.map((out) => ('refused' in out ? out.refused : (answers[next++] ?? failure(undefined))));
    },
    dispose: () => parts.release(),
  };
}

function outgoingOf(id: string, sample: Sample, maxPayloadBytes: number): Outgoing {
  try {
    const item = embedItemToProto(id, sample);
    if (itemBytes(item) <= maxPayloadBytes) return { item };
    const message = `[plugin-host] the sample is larger than the ${maxPayloadBytes} bytes that the plugin takes; send a smaller one`;
    return { refused: failure(new AffinisError('resource-exhausted', message, { reason: 'SAMPLE_TOO_LARGE' })) };
  } catch (thrown) {
    return { refused: failure(thrown) };
  }
}

function embeddedOf(
  plugin: string,
  items: readonly v1.EmbedItem[],
  results: readonly v1.EmbedResult[],
): readonly Result<Embedded>[] {
  const matching = results.length === items.length && results.every(({ id }, at) => id === items[at]?.id);
  if (!matching) throw wrongAnswer(plugin, results.length, items.length);
  return results.map((result): Result<Embedded> => {
    try {
      const answer = embedResultFromProto(result);
      if (!answer.ok) return failure(relative(answer.error));
      const { embedding, info, timings } = answer.value;
      return { ok: true, value: { embedding, timings, ...(info ? { info } : {}) } };
    } catch (cause) {
      // What it sent is no embedding: its fault, not the caller's.
      const message = `[plugin-host] plugin "${plugin}" gave no valid embedding for this sample; the server's log has the cause`;
      return failure(new AffinisError('internal', message, { reason: 'PLUGIN_OUTPUT', cause }));
    }
  });
}

/** The plugin's `items[3].sample.media` as the host's callers count: from the sample on. */
function relative(error: AffinisError): AffinisError {
  const field = error.field?.replace(/^items\[\d+\]\.?/, '').replace(/^sample\.?/, '');
  return new AffinisError(error.code, error.message, {
    ...(field ? { field } : {}),
    ...(error.reason === undefined ? {} : { reason: error.reason }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  });
}

export const wrongAnswer = (plugin: string, got: number, wanted: number): AffinisError =>
  new AffinisError(
    'internal',
    `[plugin-host] plugin "${plugin}" answered ${got} results for ${wanted} items, or in another order; see rule D2 of docs/plugin-contract.md`,
    { reason: 'PLUGIN_OUTPUT' },
  );
