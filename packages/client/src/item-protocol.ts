import {
  compareResultFromProto,
  type EmbedAnswer,
  embedItemToProto,
  embedResultFromProto,
  enrollItemToProto,
  enrollResultFromProto,
  type ItemOrChunk,
  type PipelineAnswer,
  type StreamItem,
  type VerifyAnswer,
  v1,
  verifyItemToProto,
  verifyResultFromProto,
} from '@affinis/contracts';
import type { Comparison, Enrolled, Enrolment, Result, Sample } from '@affinis/core';
import type { Limits, StreamLimits, Transport } from './transport.ts';

/** One question that a batch call and a stream answer alike. */
export interface ItemProtocol<Input, Item extends StreamItem, Answer> {
  /** Throws `invalid-argument` for what cannot be sent. */
  message(id: string, input: Input): Item;
  batch(transport: Transport, items: readonly Item[], limits: Limits): Promise<readonly Identified<Answer>[]>;
  stream(
    transport: Transport,
    messages: AsyncIterable<ItemOrChunk<Item>>,
    limits: StreamLimits,
  ): AsyncIterable<Identified<Answer>>;
}

/** A result with the id that its item was sent with. */
export interface Identified<Answer> {
  readonly id: string;
  readonly result: Result<Answer>;
}

export const embedProtocol = (embedder: string): ItemProtocol<Sample, v1.EmbedItem, EmbedAnswer> => ({
  message: embedItemToProto,
  async batch(transport, items, limits) {
    const { results } = await transport.unary(v1.EmbedderService.embed, { embedder, items: [...items] }, limits);
    return results.map(identified(embedResultFromProto));
  },
  stream: (transport, messages, limits) =>
    resultsOf(
      transport.duplex(
        v1.EmbedderService.embedStream,
        startedBy({ $case: 'start', value: { embedder } }, messages),
        limits,
      ),
      identified(embedResultFromProto),
    ),
});

export const verifyProtocol = (pipeline: string): ItemProtocol<Comparison, v1.VerifyItem, VerifyAnswer> => ({
  message: verifyItemToProto,
  async batch(transport, items, limits) {
    const { results } = await transport.unary(v1.SimilarityService.verify, { pipeline, items: [...items] }, limits);
    return results.map(identified(verifyResultFromProto));
  },
  stream: (transport, messages, limits) =>
    resultsOf(
      transport.duplex(
        v1.SimilarityService.verifyStream,
        startedBy({ $case: 'start', value: { pipeline } }, messages),
        limits,
      ),
      identified(verifyResultFromProto),
    ),
});

export const compareProtocol = (
  names: readonly string[],
): ItemProtocol<Comparison, v1.VerifyItem, readonly PipelineAnswer[]> => {
  const pipelines = [...names];
  return {
    message: verifyItemToProto,
    async batch(transport, items, limits) {
      const { results } = await transport.unary(v1.SimilarityService.compare, { pipelines, items: [...items] }, limits);
      return results.map(identified(compareResultFromProto));
    },
    stream: (transport, messages, limits) =>
      resultsOf(
        transport.duplex(
          v1.SimilarityService.compareStream,
          startedBy({ $case: 'start', value: { pipelines } }, messages),
          limits,
        ),
        identified(compareResultFromProto),
      ),
  };
};

export const enrollProtocol = (
  gallery: string,
  pipeline: string,
): ItemProtocol<Enrolment, v1.EnrollItem, Enrolled> => ({
  message: enrollItemToProto,
  async batch(transport, items, limits) {
    const request = { gallery, pipeline, items: [...items] };
    const { results } = await transport.unary(v1.GalleryService.enroll, request, limits);
    return results.map(identified(enrollResultFromProto));
  },
  stream: (transport, messages, limits) =>
    resultsOf(
      transport.duplex(
        v1.GalleryService.enrollStream,
        startedBy({ $case: 'start', value: { gallery, pipeline } }, messages),
        limits,
      ),
      identified(enrollResultFromProto),
    ),
});

const identified =
  <Message extends { readonly id: string }, Answer>(read: (message: Message) => Result<Answer>) =>
  (message: Message): Identified<Answer> => ({ id: message.id, result: read(message) });

async function* startedBy<Start, Message>(start: Start, messages: AsyncIterable<Message>) {
  yield { message: start };
  for await (const message of messages) yield { message };
}

async function* resultsOf<Message, Answer>(
  responses: AsyncIterable<{ result: Message | undefined }>,
  read: (message: Message) => Identified<Answer>,
): AsyncGenerator<Identified<Answer>> {
  for await (const { result } of responses) if (result) yield read(result);
}
