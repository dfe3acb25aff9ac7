package affinis

import (
	"context"
	"strconv"

	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
	"github.com/affinis/affinis/clients/go/internal/codec"
)

// Embedded is a sample's embedding and how it came about.
type Embedded struct {
	Embedding Embedding
	// Info is what preparation found in the sample.
	Info    *affinisv1.SampleInfo
	Model   *affinisv1.ModelIdentity
	Timings *affinisv1.Timings
}

// ListEmbedders lists what is configured, also what cannot be used now.
func (c *Client) ListEmbedders(ctx context.Context) ([]*affinisv1.EmbedderDescription, error) {
	response, err := unary(ctx, c, c.embedder.ListEmbedders, &affinisv1.ListEmbeddersRequest{})
	return response.GetEmbedders(), err
}

// Embed embeds each sample. embedder "": the one of the default pipeline of each sample's kind.
func (c *Client) Embed(ctx context.Context, embedder string, samples []Sample) ([]Result[Embedded], error) {
	q := question[
		*affinisv1.EmbedItem, *affinisv1.EmbedResult, affinisv1.EmbedStreamRequest, affinisv1.EmbedStreamResponse,
	]{
		samples: func(item *affinisv1.EmbedItem) []*affinisv1.Sample { return []*affinisv1.Sample{item.GetSample()} },
		call: func(ctx context.Context, items []*affinisv1.EmbedItem) ([]*affinisv1.EmbedResult, error) {
			response, err := c.embedder.Embed(ctx, &affinisv1.EmbedRequest{Embedder: embedder, Items: items})
			return response.GetResults(), err
		},
		open: c.embedder.EmbedStream,
		start: &affinisv1.EmbedStreamRequest{
			Message: &affinisv1.EmbedStreamRequest_Start{Start: &affinisv1.EmbedStart{Embedder: embedder}},
		},
		item: func(item *affinisv1.EmbedItem) *affinisv1.EmbedStreamRequest {
			return &affinisv1.EmbedStreamRequest{Message: &affinisv1.EmbedStreamRequest_Item{Item: item}}
		},
		chunk: func(chunk *affinisv1.Chunk) *affinisv1.EmbedStreamRequest {
			return &affinisv1.EmbedStreamRequest{Message: &affinisv1.EmbedStreamRequest_Chunk{Chunk: chunk}}
		},
		answer: (*affinisv1.EmbedStreamResponse).GetResult,
	}
	items := make([]*affinisv1.EmbedItem, len(samples))
	for index, sample := range samples {
		items[index] = &affinisv1.EmbedItem{Id: strconv.Itoa(index), Sample: codec.SampleToProto(sample)}
	}
	answers, err := ask(ctx, c, q, items)
	results := make([]Result[Embedded], len(answers))
	for index, answer := range answers {
		results[index] = embeddedOf(answer)
	}
	return results, err
}

func embeddedOf(answer Result[*affinisv1.EmbedResult]) Result[Embedded] {
	if answer.Err != nil {
		return Result[Embedded]{Err: answer.Err}
	}
	embedding, err := codec.EmbeddingFromProto(answer.Value.GetEmbedding(), "embedding")
	if own, failed := AsError(err); failed {
		return Result[Embedded]{Err: own}
	}
	return Result[Embedded]{Value: Embedded{
		Embedding: embedding,
		Info:      answer.Value.GetInfo(),
		Model:     answer.Value.GetModel(),
		Timings:   answer.Value.GetTimings(),
	}}
}
