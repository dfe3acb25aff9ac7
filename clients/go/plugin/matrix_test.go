package plugin

import (
	"io"
	"math"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
	"github.com/affinis/affinis/clients/go/internal/codec"
)

func TestMatrix(t *testing.T) {
	p := launch(t)
	minkowski, rogues := p.configure(metricKind, "minkowski", ""), p.configure(metricKind, "rogue", "")

	t.Run("D6 the matrix is covered once and gives what Score gives", func(t *testing.T) {
		for _, rows := range []uint32{0, 2} {
			queries, references := block(5, 3), block(4, 3)
			tiles := matrix(t, p, minkowski, "minkowski", queries, references, rows)
			var pairs []*affinisv1.ScorePair
			for q := range 5 {
				for r := range 4 {
					pairs = append(pairs, pair(floats(queries)[3*q:3*q+3], floats(references)[3*r:3*r+3]))
				}
			}
			for index, result := range p.score(minkowski, "minkowski", pairs...) {
				got, ok := tiles[[2]int{index / 4, index % 4}]
				if !ok || math.Abs(float64(got)-result.GetScore()) > 1e-5*(1+result.GetScore()) {
					t.Fatal(index, got, result)
				}
			}
		}
	})

	t.Run("D6 a matrix with more columns than a tile", func(t *testing.T) {
		columns := scoresPerTile + 3
		if got := len(matrix(t, p, minkowski, "minkowski", block(2, 1), block(columns, 1), 0)); got != 2*columns {
			t.Fatal(got)
		}
	})

	t.Run("D6 D7 D9 a matrix that cannot be fails as a whole", func(t *testing.T) {
		spoilt := func(change func(*affinisv1.ScoreMatrixRequest)) codes.Code {
			request := &affinisv1.ScoreMatrixRequest{Metric: "rogue", Queries: block(2, 2), References: block(2, 2)}
			change(request)
			return status.Code(matrixError(t, p, rogues, request))
		}
		for index, each := range []struct {
			want   codes.Code
			change func(*affinisv1.ScoreMatrixRequest)
		}{
			{codes.FailedPrecondition, func(r *affinisv1.ScoreMatrixRequest) { r.References.Space = "elsewhere" }},
			{codes.InvalidArgument, func(r *affinisv1.ScoreMatrixRequest) { r.References = block(2, 3) }},
			{codes.InvalidArgument, func(r *affinisv1.ScoreMatrixRequest) { r.Queries = nil }},
			{codes.InvalidArgument, func(r *affinisv1.ScoreMatrixRequest) { r.Queries.Count = 0 }},
			{codes.InvalidArgument, func(r *affinisv1.ScoreMatrixRequest) { r.Queries.Count = math.MaxUint32 }},
			{codes.InvalidArgument, func(r *affinisv1.ScoreMatrixRequest) { r.Queries.Dimension = math.MaxUint32 }},
			{codes.InvalidArgument, func(r *affinisv1.ScoreMatrixRequest) { r.Queries.Means[3] = 0xff; r.Queries.Means[2] = 0xff }},
			{codes.Internal, func(r *affinisv1.ScoreMatrixRequest) { r.Queries.Means = codec.FloatsToBytes([]float32{5, 1, 1, 1}) }},
			{codes.Internal, func(r *affinisv1.ScoreMatrixRequest) { r.Queries.Means = codec.FloatsToBytes([]float32{4, 1, 5, 1}) }},
		} {
			if got := spoilt(each.change); got != each.want {
				t.Errorf("case %d: %s", index, got)
			}
		}
	})
}

func matrix(
	t *testing.T, p *process, instance, metric string, queries, references *affinisv1.EmbeddingBlock, rows uint32,
) map[[2]int]float32 {
	t.Helper()
	request := &affinisv1.ScoreMatrixRequest{Metric: metric, Queries: queries, References: references, RowsPerBlock: rows}
	stream, err := p.metric.ScoreMatrix(on(deadline(t), instance), request)
	if err != nil {
		t.Fatal(err)
	}
	scores := map[[2]int]float32{}
	for {
		tile, err := stream.Recv()
		if err == io.EOF {
			return scores
		}
		if err != nil {
			t.Fatal(err)
		}
		if rows > 0 && tile.GetQueryCount() > rows {
			t.Fatal("a tile of too many rows")
		}
		values, err := codec.FloatsFromBytes(tile.GetScores(), "scores")
		if err != nil || len(values) != int(tile.GetQueryCount()*tile.GetReferenceCount()) {
			t.Fatal(len(values), err)
		}
		for index, value := range values {
			columns := int(tile.GetReferenceCount())
			place := [2]int{int(tile.GetFirstQuery()) + index/columns, int(tile.GetFirstReference()) + index%columns}
			if _, twice := scores[place]; twice {
				t.Fatal("twice", place)
			}
			scores[place] = value
		}
	}
}

func matrixError(t *testing.T, p *process, instance string, request *affinisv1.ScoreMatrixRequest) error {
	t.Helper()
	stream, err := p.metric.ScoreMatrix(on(deadline(t), instance), request)
	for err == nil {
		_, err = stream.Recv()
	}
	if err == io.EOF {
		return nil
	}
	return err
}
