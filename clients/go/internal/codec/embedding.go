package codec

import (
	"fmt"

	"github.com/affinis/affinis/clients/go/core"
	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
)

// EmbeddingToProto copies the values.
func EmbeddingToProto(e core.Embedding) *affinisv1.Embedding {
	return &affinisv1.Embedding{
		Mean:       FloatsToBytes(e.Mean),
		Variance:   FloatsToBytes(e.Variance),
		UnitNorm:   e.UnitNorm,
		Space:      e.Space,
		VarianceId: e.VarianceID,
		Dimension:  uint32(len(e.Mean)),
	}
}

// EmbeddingFromProto is checked in shape and values.
func EmbeddingFromProto(message *affinisv1.Embedding, field string) (core.Embedding, error) {
	none := core.Embedding{}
	if message == nil {
		return none, invalid(field, "is missing")
	}
	mean, err := FloatsFromBytes(message.GetMean(), field+".mean")
	if err != nil {
		return none, err
	}
	if n := message.GetDimension(); n != 0 && int(n) != len(mean) {
		return none, invalid(field+".dimension", fmt.Sprintf("is %d but mean has %d values", n, len(mean)))
	}
	variance, err := FloatsFromBytes(message.GetVariance(), field+".variance")
	if err != nil {
		return none, err
	}
	embedding := core.Embedding{
		Mean:       mean,
		Variance:   variance,
		UnitNorm:   message.GetUnitNorm(),
		Space:      message.GetSpace(),
		VarianceID: message.GetVarianceId(),
	}
	return embedding, embedding.Check(field)
}

// BlockFromProto gives the rows of a block, each checked like an embedding.
func BlockFromProto(message *affinisv1.EmbeddingBlock, field string) ([]core.Embedding, error) {
	if message == nil {
		return nil, invalid(field, "is missing")
	}
	dimension, count := int(message.GetDimension()), int(message.GetCount())
	if dimension < 1 || dimension > core.MaxDimension {
		return nil, invalid(field+".dimension", fmt.Sprintf("is %d, outside 1 to %d", dimension, core.MaxDimension))
	}
	if count < 1 {
		return nil, invalid(field+".count", "is 0; send at least one row")
	}
	means, err := rows(message.GetMeans(), count, dimension, field+".means")
	if err != nil {
		return nil, err
	}
	perRow := map[affinisv1.VarianceKind]int{
		affinisv1.VarianceKind_VARIANCE_KIND_SCALAR:   1,
		affinisv1.VarianceKind_VARIANCE_KIND_DIAGONAL: dimension,
	}[message.GetVarianceKind()]
	variances, err := rows(message.GetVariances(), count, perRow, field+".variances")
	if err != nil {
		return nil, err
	}
	embeddings := make([]core.Embedding, count)
	for row := range embeddings {
		embeddings[row] = core.Embedding{
			Mean:       means[row*dimension : (row+1)*dimension],
			Variance:   variances[row*perRow : (row+1)*perRow],
			UnitNorm:   message.GetUnitNorm(),
			Space:      message.GetSpace(),
			VarianceID: message.GetVarianceId(),
		}
		if err := embeddings[row].Check(fmt.Sprintf("%s[%d]", field, row)); err != nil {
			return nil, err
		}
	}
	return embeddings, nil
}

func rows(bytes []byte, count, perRow int, field string) ([]float32, error) {
	if expected := 4 * count * perRow; len(bytes) != expected {
		return nil, invalid(field, fmt.Sprintf("is %d bytes where %d rows of %d float32 values are %d",
			len(bytes), count, perRow, expected))
	}
	return FloatsFromBytes(bytes, field)
}
