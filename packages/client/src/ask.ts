import { type ItemOrChunk, type StreamItem, splitItem } from '@affinis/contracts';
import { AffinisError, failure, type Result } from '@affinis/core';
import type { Identified, ItemProtocol } from './item-protocol.ts';
import { itemBytes } from './message-size.ts';
import type { CallOptions, Settings } from './options.ts';
import { withRetry } from './retry.ts';
import type { Limits, Transport } from './transport.ts';

export interface AskContext {
  readonly transport: Transport;
  readonly settings: Settings;
}

/** Something to ask about, with the id that its result will carry. */
export interface AskInput<Input> {
  readonly id: string;
  readonly input: Input;
}

const largestChunkBytes = 256 * 1024;

/**
 * One result an input, in order: by one call where everything fits into a message, else by a stream. Throws where the
 * call fails as a whole; an input that fails alone fails in its result.
 */
export async function ask<Input, Item extends StreamItem, Answer>(
  context: AskContext,
  protocol: ItemProtocol<Input, Item, Answer>,
  inputs: readonly Input[],
  options: CallOptions = {},
): Promise<readonly Result<Answer>[]> {
  const { settings } = context;
  const limits = limitsOf(settings, options);
  const named = inputs.map((input, index) => ({ id: String(index), input }));
  const results = new Map<string, Result<Answer>>();
  await withRetry(settings.retry, limits, async () => {
    const answers = fitsOneCall(protocol, named, settings)
      ? await askOnce(context, protocol, named, limits)
      : askStream(context, protocol, named, options);
    for await (const { id, result } of answers) results.set(id, result);
  });
  return named.map(({ id }) => results.get(id) ?? failure(unanswered()));
}

/** Results as they come, in any order. Throws where the stream fails as a whole; leaving the loop cancels it. */
export async function* askStream<Input, Item extends StreamItem, Answer>(
  { transport, settings }: AskContext,
  protocol: ItemProtocol<Input, Item, Answer>,
  inputs: Iterable<AskInput<Input>> | AsyncIterable<AskInput<Input>>,
  options: CallOptions = {},
): AsyncGenerator<Identified<Answer>> {
  const unsent: Identified<Answer>[] = [];
  let due = 0;
  const split = { maxInlineBytes: inlineBytes(settings), chunkBytes: chunkBytes(settings) };
  async function* messages(): AsyncGenerator<ItemOrChunk<Item>> {
    for await (const { id, input } of inputs) {
      const item = tryMessage(protocol, id, input);
      if ('result' in item) unsent.push(item);
      else {
        due++;
        yield* splitItem(item.message, split);
      }
    }
  }
  const idleMs = options.deadlineMs ?? settings.deadlineMs;
  const answers = protocol.stream(transport, messages(), { idleMs, answersDue: () => due > 0, signal: options.signal });
  for await (const answer of answers) {
    due--;
    yield* unsent.splice(0);
    yield answer;
  }
  yield* unsent;
}

export function limitsOf(settings: Settings, { deadlineMs = settings.deadlineMs, signal }: CallOptions): Limits {
  return { deadline: new Date(Date.now() + deadlineMs), signal };
}

/** Bytes of payload that one message may hold; the rest is room for the other fields. */
export const inlineBytes = ({ maxMessageBytes }: Pick<Settings, 'maxMessageBytes'>): number =>
  Math.floor(maxMessageBytes * 0.75);

const chunkBytes = (settings: Settings): number => Math.min(largestChunkBytes, inlineBytes(settings));

function fitsOneCall<Input, Item extends StreamItem, Answer>(
  protocol: ItemProtocol<Input, Item, Answer>,
  inputs: readonly AskInput<Input>[],
  settings: Settings,
): boolean {
  if (inputs.length > settings.maxBatchItems) return false;
  const sizes = inputs.map(({ id, input }) => {
    const item = tryMessage(protocol, id, input);
    return 'message' in item ? itemBytes(item.message) : 0;
  });
  return sizes.reduce((sum, size) => sum + size, 0) <= inlineBytes(settings);
}

async function askOnce<Input, Item extends StreamItem, Answer>(
  { transport }: AskContext,
  protocol: ItemProtocol<Input, Item, Answer>,
  inputs: readonly AskInput<Input>[],
  limits: Limits,
): Promise<readonly Identified<Answer>[]> {
  const messages: Item[] = [];
  const answers: Identified<Answer>[] = [];
  for (const { id, input } of inputs) {
    const item = tryMessage(protocol, id, input);
    if ('message' in item) messages.push(item.message);
    else answers.push(item);
  }
  if (messages.length === 0) return answers;
  return [...answers, ...(await protocol.batch(transport, messages, limits))];
}

/** The message, or the failed result of an input that cannot be sent. */
function tryMessage<Input, Item extends StreamItem, Answer>(
  protocol: ItemProtocol<Input, Item, Answer>,
  id: string,
  input: Input,
): { readonly message: Item } | Identified<Answer> {
  try {
    return { message: protocol.message(id, input) };
  } catch (thrown) {
    return { id, result: failure(thrown, 'client') };
  }
}

const unanswered = () =>
  new AffinisError('internal', '[client] the server did not answer this item; are client and server of one version?');
