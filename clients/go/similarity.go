package affinis

import (
	"context"
	"strconv"

	"google.golang.org/grpc"

	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
	"github.com/affinis/affinis/clients/go/internal/codec"
)

// ListPipelines lists what is configured, also what cannot be used now.
func (c *Client) ListPipelines(ctx context.Context) ([]*affinisv1.PipelineDescription, error) {
	response, err := unary(ctx, c, c.similarity.ListPipelines, &affinisv1.ListPipelinesRequest{})
	return response.GetPipelines(), err
}

// Verify says of each item whether its two sides are alike. pipeline "": the default one of each item's kind.
func (c *Client) Verify(
	ctx context.Context, pipeline string, items []Comparison,
) ([]Result[*affinisv1.VerifyResult], error) {
	q := question[
		*affinisv1.VerifyItem, *affinisv1.VerifyResult, affinisv1.VerifyStreamRequest, affinisv1.VerifyStreamResponse,
	]{
		samples: samplesOfPair,
		call: func(ctx context.Context, items []*affinisv1.VerifyItem) ([]*affinisv1.VerifyResult, error) {
			response, err := c.similarity.Verify(ctx, &affinisv1.VerifyRequest{Pipeline: pipeline, Items: items})
			return response.GetResults(), err
		},
		open: c.similarity.VerifyStream,
		start: &affinisv1.VerifyStreamRequest{
			Message: &affinisv1.VerifyStreamRequest_Start{Start: &affinisv1.VerifyStart{Pipeline: pipeline}},
		},
		item: func(item *affinisv1.VerifyItem) *affinisv1.VerifyStreamRequest {
			return &affinisv1.VerifyStreamRequest{Message: &affinisv1.VerifyStreamRequest_Item{Item: item}}
		},
		chunk: func(chunk *affinisv1.Chunk) *affinisv1.VerifyStreamRequest {
			return &affinisv1.VerifyStreamRequest{Message: &affinisv1.VerifyStreamRequest_Chunk{Chunk: chunk}}
		},
		answer: (*affinisv1.VerifyStreamResponse).GetResult,
	}
	return ask(ctx, c, q, pairsToProto(items))
}

// Compare scores each item by several pipelines, each of which answers for itself. No pipelines: every available one of
// each item's kind.
func (c *Client) Compare(
	ctx context.Context, pipelines []string, items []Comparison,
) ([]Result[[]Result[*affinisv1.PipelineResult]], error) {
	q := question[
		*affinisv1.VerifyItem, *affinisv1.CompareResult, affinisv1.CompareStreamRequest, affinisv1.CompareStreamResponse,
	]{
		samples: samplesOfPair,
		call: func(ctx context.Context, items []*affinisv1.VerifyItem) ([]*affinisv1.CompareResult, error) {
			response, err := c.similarity.Compare(ctx, &affinisv1.CompareRequest{Pipelines: pipelines, Items: items})
			return response.GetResults(), err
		},
		open: c.similarity.CompareStream,
		start: &affinisv1.CompareStreamRequest{
			Message: &affinisv1.CompareStreamRequest_Start{Start: &affinisv1.CompareStart{Pipelines: pipelines}},
		},
		item: func(item *affinisv1.VerifyItem) *affinisv1.CompareStreamRequest {
			return &affinisv1.CompareStreamRequest{Message: &affinisv1.CompareStreamRequest_Item{Item: item}}
		},
		chunk: func(chunk *affinisv1.Chunk) *affinisv1.CompareStreamRequest {
			return &affinisv1.CompareStreamRequest{Message: &affinisv1.CompareStreamRequest_Chunk{Chunk: chunk}}
		},
		answer: (*affinisv1.CompareStreamResponse).GetResult,
	}
	answers, err := ask(ctx, c, q, pairsToProto(items))
	results := make([]Result[[]Result[*affinisv1.PipelineResult]], len(answers))
	for index, answer := range answers {
		results[index].Err = answer.Err
		for _, result := range answer.Value.GetResults() {
			results[index].Value = append(results[index].Value, resultOf(result, result.GetStatus()))
		}
	}
	return results, err
}

func pairsToProto(items []Comparison) []*affinisv1.VerifyItem {
	messages := make([]*affinisv1.VerifyItem, len(items))
	for index, item := range items {
		messages[index] = &affinisv1.VerifyItem{
			Id:    strconv.Itoa(index),
			Left:  &affinisv1.Side{Samples: samplesToProto(item.Left)},
			Right: &affinisv1.Side{Samples: samplesToProto(item.Right)},
		}
	}
	return messages
}

func samplesOfPair(item *affinisv1.VerifyItem) []*affinisv1.Sample {
	left, right := item.GetLeft().GetSamples(), item.GetRight().GetSamples()
	return append(append(make([]*affinisv1.Sample, 0, len(left)+len(right)), left...), right...)
}

func samplesToProto(samples []Sample) []*affinisv1.Sample {
	messages := make([]*affinisv1.Sample, len(samples))
	for index, sample := range samples {
		messages[index] = codec.SampleToProto(sample)
	}
	return messages
}

// unary calls once, bounded and with retries.
func unary[Request, Response any](
	ctx context.Context, c *Client,
	method func(context.Context, *Request, ...grpc.CallOption) (*Response, error), request *Request,
) (*Response, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	return withRetry(ctx, c, func() (*Response, error) { return method(ctx, request) })
}
