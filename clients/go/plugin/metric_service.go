package plugin

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"

	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
	"github.com/affinis/affinis/clients/go/internal/codec"
)

// metricService serves affinis.v1.Metric: Score and ScoreMatrix.
type metricService struct {
	affinisv1.UnimplementedMetricServer
	instances *instances
}

func (s *metricService) Score(ctx context.Context, request *affinisv1.ScoreRequest) (*affinisv1.ScoreResponse, error) {
	used, release, err := s.instances.use(ctx, metricKind, request.GetMetric())
	if err != nil {
		return nil, err
	}
	defer release()
	pairs := request.GetPairs()
	if len(pairs) == 0 {
		return nil, emptyBatch("pairs")
	}
	begun := time.Now()
	results := make([]*affinisv1.ScoreResult, len(pairs))
	err = forEach(ctx, len(pairs), func(index int) {
		field := fmt.Sprintf("pairs[%d]", index)
		results[index] = &affinisv1.ScoreResult{Id: pairs[index].GetId()}
		score, err := used.scorePair(pairs[index], field)
		if err != nil {
			results[index].Status = itemError(used.component.id, field, err).GRPCStatus().Proto()
			return
		}
		results[index].Score = &score
	})
	if err != nil {
		return nil, err
	}
	return &affinisv1.ScoreResponse{
		Results: results,
		Metric:  used.metricIdentity(),
		Timings: &affinisv1.Timings{ScoreMs: milliseconds(time.Since(begun))},
	}, nil
}

func (i *instance) metricIdentity() *affinisv1.MetricIdentity {
	m := i.component.metric
	return &affinisv1.MetricIdentity{Name: m.ID, Polarity: affinisv1.Polarity(m.Polarity)}
}

func (i *instance) scorePair(pair *affinisv1.ScorePair, field string) (float64, error) {
	left, err := codec.EmbeddingFromProto(pair.GetLeft(), field+".left")
	if err != nil {
		return 0, err
	}
	right, err := codec.EmbeddingFromProto(pair.GetRight(), field+".right")
	if err != nil {
		return 0, err
	}
	if err := checkPair(i.component.metric, left, right, field); err != nil {
		return 0, err
	}
	return i.score(left, right)
}

// score asks the author's code about a pair that was checked.
func (i *instance) score(left, right Embedding) (float64, error) {
	score, err := guarded(func() (float64, error) { return i.author.(Metric).Score(left, right) })
	if err != nil {
		return 0, err
	}
	return score, finite(score)
}

// checkPair refuses two dimensions, two spaces, and where the metric needs them, missing or unlike variances.
func checkPair(m *MetricComponent, left, right Embedding, field string) error {
	switch {
	case left.Space != right.Space:
		return precondition(field, "SPACE_MISMATCH", "its sides are of two spaces; embed both by one embedder")
	case len(left.Mean) != len(right.Mean):
		return &Error{
			Code:    codes.InvalidArgument,
			Message: fmt.Sprintf("[plugin] %s compares %d dimensions with %d", field, len(left.Mean), len(right.Mean)),
			Field:   field,
			Reason:  "DIMENSION_MISMATCH",
		}
	case !m.NeedsVariance:
		return nil
	case len(left.Variance) == 0 || len(right.Variance) == 0:
		return precondition(field, "NO_VARIANCE", "the metric needs a variance on both sides; use an embedder that gives one")
	case left.VarianceID != right.VarianceID:
		return precondition(field, "VARIANCE_MISMATCH", "its variances are of two kinds; embed both sides by one embedder")
	}
	return nil
}

func precondition(field, reason, text string) error {
	return &Error{
		Code:    codes.FailedPrecondition,
		Message: fmt.Sprintf("[plugin] %s: %s", field, text),
		Field:   field,
		Reason:  reason,
	}
}
