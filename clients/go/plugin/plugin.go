// Package plugin serves metrics and embedders to Affinis as a process of its own.
//
//	type minkowski struct {
//		P float64 `json:"p" affinis:"min=1" description:"the order"`
//	}
//
//	func (m *minkowski) Score(left, right plugin.Embedding) (float64, error) {
//		sum := 0.0
//		for d := range left.Mean {
//			sum += math.Pow(math.Abs(float64(left.Mean[d])-float64(right.Mean[d])), m.P)
//		}
//		return math.Pow(sum, 1/m.P), nil
//	}
//
//	func main() {
//		plugin.Serve(plugin.Plugin{Name: "minkowski", Version: "1.0.0", Components: []plugin.Component{
//			plugin.MetricComponent{
//				ID: "minkowski", Unit: "distance, 0 and above", Polarity: plugin.Distance,
//				New: func() plugin.Metric { return &minkowski{P: 2} },
//			},
//		}})
//	}
//
// What New returns is configured by its exported fields, as encoding/json would: their values there are the defaults,
// and the schema comes from their types and tags. The tag affinis holds, separated by commas: required, secret, min=,
// max=, above=, below= for numbers, oneof=a|b for texts. The tag description is for people.
//
// Calls come in parallel: Score and Embed must be safe for concurrent use, and have no effect beside their answer.
// A panic in them fails the item; one in a goroutine that they start ends the process, as Go has it.
package plugin

import (
	"context"

	"github.com/affinis/affinis/clients/go/core"
	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
)

// What clients and plugins share; see package core.
type (
	Sample    = core.Sample
	Media     = core.Media
	PCM       = core.PCM
	Text      = core.Text
	Tensor    = core.Tensor
	Embedding = core.Embedding
	Error     = core.Error
)

// Plugin is what a process offers.
type Plugin struct {
	Name, Version string
	Components    []Component
}

// Component is a MetricComponent or an EmbedderComponent.
type Component interface{ component() component }

// MetricComponent is a metric and what its scores mean.
type MetricComponent struct {
	// ID in configurations: lower-case letters, digits, dots, dashes and underscores.
	ID, Description string
	// Unit and range of its scores, such as "distance, 0 and above".
	Unit     string
	Polarity Polarity
	// NeedsVariance refuses embeddings without a variance before Score sees them.
	NeedsVariance bool
	// New gives a metric with its defaults, a pointer where it has fields to configure.
	New func() Metric
}

// Metric scores pairs.
type Metric interface {
	// Score compares two embeddings of one space and dimension, checked to be finite. The score must be finite too.
	Score(left, right Embedding) (float64, error)
}

// ScoreFunc is a Metric without configuration.
type ScoreFunc func(left, right Embedding) (float64, error)

// Score calls the function.
func (f ScoreFunc) Score(left, right Embedding) (float64, error) { return f(left, right) }

// Polarity says which way a score points.
type Polarity int

// The polarities: of a similarity higher is more alike, of a distance lower.
const (
	Similarity Polarity = Polarity(affinisv1.Polarity_POLARITY_SIMILARITY)
	Distance   Polarity = Polarity(affinisv1.Polarity_POLARITY_DISTANCE)
)

// EmbedderComponent is an embedder.
type EmbedderComponent struct {
	// ID in configurations: lower-case letters, digits, dots, dashes and underscores.
	ID, Description string
	// New gives an embedder with its defaults, a pointer where it has fields to configure.
	New func() Embedder
}

// Embedder turns samples into vectors.
type Embedder interface {
	// Describe is asked once, after configuration and Open.
	Describe() Description
	// Embed gives the same vector for the same sample. Samples that cannot be read are refused with Invalid. It should
	// stop when the context ends.
	Embed(ctx context.Context, sample Sample) (Vector, error)
}

// Description of an embedder as it is configured.
type Description struct {
	// Modality such as "image", "voice" or "text".
	Modality string
	Model    Model
	// Dimension of its vectors, 1 to 65536.
	Dimension int
	// Space identifies what determines the mean: it must change with everything that changes vectors.
	Space string
	// UnitNorm promises means of Euclidean norm 1.
	UnitNorm bool
	// Variance that its vectors carry. VarianceID, needed where there is one, identifies what makes it.
	Variance   Variance
	VarianceID string
	// Licence of the model, such as "MIT".
	Licence string
}

// Model that an embedder runs. SHA256 (64 hexadecimal digits) of its artefact; empty: of the program itself.
type Model struct{ Name, Version, SHA256 string }

// Variance says how embeddings tell how sure they are.
type Variance int

// No variance, one number, or one number a dimension.
const (
	NoVariance       Variance = iota
	ScalarVariance   Variance = Variance(affinisv1.VarianceKind_VARIANCE_KIND_SCALAR)
	DiagonalVariance Variance = Variance(affinisv1.VarianceKind_VARIANCE_KIND_DIAGONAL)
)

// Vector is an embedding's values: float32[Dimension], finite and not zero, and the variance that was described.
type Vector struct{ Mean, Variance []float32 }

// Opener is a Metric or Embedder that loads something before its first call, or checks its configuration further than
// tags can: InvalidField says which field is wrong. The context ends with Open. One that is an io.Closer too is closed when
// it is given up.
type Opener interface {
	Open(ctx context.Context) error
}

// Component kinds carry what the services need.
func (c MetricComponent) component() component {
	return component{
		kind: metricKind, id: c.ID, description: c.Description, metric: &c,
		make: func() any {
			if c.New == nil {
				return nil
			}
			return c.New()
		},
	}
}

func (c EmbedderComponent) component() component {
	return component{
		kind: embedderKind, id: c.ID, description: c.Description,
		make: func() any {
			if c.New == nil {
				return nil
			}
			return c.New()
		},
	}
}
