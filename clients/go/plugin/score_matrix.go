package plugin

import (
	"math"
	"sync"

	"google.golang.org/grpc"

	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
	"github.com/affinis/affinis/clients/go/internal/codec"
)

// scoresPerTile bounds one response to 1 MiB.
const scoresPerTile = 1 << 18

// ScoreMatrix streams the matrix tile by tile. The first pair that fails ends it.
func (s *metricService) ScoreMatrix(
	request *affinisv1.ScoreMatrixRequest, stream grpc.ServerStreamingServer[affinisv1.ScoreMatrixResponse],
) error {
	used, release, err := s.instances.use(stream.Context(), metricKind, request.GetMetric())
	if err != nil {
		return err
	}
	defer release()
	queries, err := codec.BlockFromProto(request.GetQueries(), "queries")
	if err != nil {
		return err
	}
	references, err := codec.BlockFromProto(request.GetReferences(), "references")
	if err != nil {
		return err
	}
	// The rows of a block are alike in all that is compared here.
	if err := checkPair(used.component.metric, queries[0], references[0], "references"); err != nil {
		return err
	}
	columns := min(len(references), scoresPerTile)
	rows := max(1, scoresPerTile/columns)
	if asked := int(request.GetRowsPerBlock()); asked > 0 {
		rows = min(rows, asked)
	}
	for row := 0; row < len(queries); row += rows {
		for column := 0; column < len(references); column += columns {
			tile := tile{row, column, queries[row:min(row+rows, len(queries))],
				references[column:min(column+columns, len(references))]}
			response, err := tile.score(stream, used)
			if err != nil {
				return err
			}
			if err := stream.Send(response); err != nil {
				return err
			}
		}
	}
	return nil
}

// tile is a rectangle of the matrix.
type tile struct {
	row, column         int
	queries, references []Embedding
}

func (t tile) score(
	stream grpc.ServerStreamingServer[affinisv1.ScoreMatrixResponse], used *instance,
) (*affinisv1.ScoreMatrixResponse, error) {
	scores := make([]float32, len(t.queries)*len(t.references))
	var once sync.Once
	var failure error
	err := forEach(stream.Context(), len(t.queries), func(row int) {
		for column, reference := range t.references {
			score, err := used.score(t.queries[row], reference)
			if err == nil && math.Abs(score) > math.MaxFloat32 {
				err = spoilt("a score does not fit into float32")
			}
			if err != nil {
				once.Do(func() { failure = problem(used.component.id, err) })
				return
			}
			scores[row*len(t.references)+column] = float32(score)
		}
	})
	if err != nil {
		return nil, err
	}
	if failure != nil {
		return nil, failure
	}
	return &affinisv1.ScoreMatrixResponse{
		FirstQuery:     uint32(t.row),
		QueryCount:     uint32(len(t.queries)),
		FirstReference: uint32(t.column),
		ReferenceCount: uint32(len(t.references)),
		Scores:         codec.FloatsToBytes(scores),
		Metric:         used.metricIdentity(),
	}, nil
}
