package affinis

import (
	"context"
	"strconv"

	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
	"github.com/affinis/affinis/clients/go/internal/codec"
)

// EmbeddingPair is two embeddings of one space to compare.
type EmbeddingPair struct{ Left, Right Embedding }

// ListMetrics lists the server's metrics, with the unit and polarity of their scores.
func (c *Client) ListMetrics(ctx context.Context) ([]*affinisv1.MetricDescription, error) {
	response, err := unary(ctx, c, c.metric.ListMetrics, &affinisv1.ListMetricsRequest{})
	return response.GetMetrics(), err
}

// Score scores each pair in the metric's unit.
func (c *Client) Score(ctx context.Context, metric string, pairs []EmbeddingPair) ([]Result[float64], error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	items := make([]*affinisv1.ScorePair, len(pairs))
	results := make([]Result[float64], len(pairs))
	for index, pair := range pairs {
		items[index] = &affinisv1.ScorePair{
			Id:    strconv.Itoa(index),
			Left:  codec.EmbeddingToProto(pair.Left),
			Right: codec.EmbeddingToProto(pair.Right),
		}
		results[index].Err = unanswered()
	}
	scored := 0
	for _, batch := range batchesOf(items, c.settings.inlineBytes(), c.settings.maxBatchItems) {
		response, err := unary(ctx, c, c.metric.Score, &affinisv1.ScoreRequest{Metric: metric, Pairs: batch})
		if err != nil {
			return nil, err
		}
		for offset, result := range response.GetResults()[:min(len(batch), len(response.GetResults()))] {
			results[scored+offset] = resultOf(result.GetScore(), result.GetStatus())
		}
		scored += len(batch)
	}
	return results, nil
}
