// Package core holds what clients and plugins share: samples, embeddings and errors. Packages affinis and plugin hand
// its types on under their own names.
package core

import (
	"fmt"
	"math"

	"google.golang.org/grpc/codes"
)

// Embedding is a point in one vector space, or a diagonal Gaussian where it has a variance.
type Embedding struct {
	// Mean is float32[D], finite and not zero; its Euclidean norm is 1 where UnitNorm.
	Mean []float32
	// Variance is empty, one number for all dimensions, or one number a dimension; every value is above zero.
	Variance []float32
	// UnitNorm says that the mean was scaled to Euclidean norm 1.
	UnitNorm bool
	// Space identifies the vector space. Embeddings of two spaces are never compared.
	Space string
	// VarianceID identifies what made the variance. Empty where there is none.
	VarianceID string
}

// MaxDimension is the most dimensions that an embedding has.
const MaxDimension = 65536

const unitNormTolerance = 1e-3

// VarianceAt is the variance in dimension d, whatever its kind; 0 where the embedding has none.
func (e Embedding) VarianceAt(d int) float64 {
	switch len(e.Variance) {
	case 0:
		return 0
	case 1:
		return float64(e.Variance[0])
	default:
		return float64(e.Variance[d])
	}
}

// Check refuses what no metric may see, as an *Error with code InvalidArgument under the field path.
func (e Embedding) Check(field string) error {
	if len(e.Mean) == 0 {
		return badEmbedding(field+".mean", "has no values")
	}
	if len(e.Mean) > MaxDimension {
		return badEmbedding(field+".mean", fmt.Sprintf("has %d dimensions; the most is %d", len(e.Mean), MaxDimension))
	}
	squares := 0.0
	for _, value := range e.Mean {
		squares += float64(value) * float64(value)
	}
	switch {
	case math.IsNaN(squares) || math.IsInf(squares, 0):
		return badEmbedding(field+".mean", "holds NaN or infinity")
	case squares == 0:
		return badEmbedding(field+".mean", "is the zero vector, which has no direction")
	case e.UnitNorm && math.Abs(math.Sqrt(squares)-1) > unitNormTolerance:
		return badEmbedding(field+".mean", "is not of norm 1, as its unit_norm says")
	case e.Space == "":
		return badEmbedding(field+".space", "is empty; send the space that came with the embedding")
	}
	return e.checkVariance(field + ".variance")
}

func (e Embedding) checkVariance(field string) error {
	if n := len(e.Variance); n > 1 && n != len(e.Mean) {
		return badEmbedding(field, fmt.Sprintf("has %d values; give none, 1 or %d", n, len(e.Mean)))
	}
	for _, value := range e.Variance {
		if !(value > 0) || math.IsInf(float64(value), 0) {
			return badEmbedding(field, "must be finite and above zero in every dimension")
		}
	}
	return nil
}

func badEmbedding(field, problem string) error {
	return &Error{
		Code:    codes.InvalidArgument,
		Message: fmt.Sprintf("[affinis] %s %s", field, problem),
		Field:   field,
		Reason:  "BAD_EMBEDDING",
	}
}
