package plugin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"time"
)

// obedient offers components that do what samples and embeddings say.
func obedient() Plugin {
	return Plugin{Name: "obedient", Version: "1.2.3", Components: []Component{
		MetricComponent{
			ID: "minkowski", Description: "The Minkowski distance", Unit: "distance, 0 and above", Polarity: Distance,
			New: func() Metric { return &minkowski{P: 2} },
		},
		MetricComponent{
			ID: "sure", Unit: "sum of variances", Polarity: Distance, NeedsVariance: true,
			New: func() Metric {
				return ScoreFunc(func(l, r Embedding) (float64, error) { return l.VarianceAt(0) + r.VarianceAt(0), nil })
			},
		},
		MetricComponent{ID: "rogue", Unit: "none", Polarity: Similarity, New: func() Metric { return ScoreFunc(rogue) }},
		EmbedderComponent{ID: "letters", New: func() Embedder { return &letters{Dimension: 4} }},
	}}
}

type minkowski struct {
	P       float64             `json:"p" affinis:"min=1,max=100" description:"The order"`
	Token   string              `json:"token,omitempty" affinis:"secret,oneof=open sesame|friend"`
	Weights map[string]uint8    `json:"weights,omitempty"`
	Nested  struct{ Level int } `json:"nested"`
}

func (m *minkowski) Score(left, right Embedding) (float64, error) {
	sum := 0.0
	for d := range left.Mean {
		sum += math.Pow(math.Abs(float64(left.Mean[d])-float64(right.Mean[d])), m.P)
	}
	return math.Pow(sum, 1/m.P), nil
}

func rogue(left, _ Embedding) (float64, error) {
	switch left.Mean[0] {
	case 1:
		return math.NaN(), nil
	case 2:
		panic(fmt.Sprintf("holds %v", left.Mean))
	case 3:
		return 0, errors.New("out of cheese")
	case 4:
		return 1e300, nil
	default:
		return float64(left.Mean[0]), nil
	}
}

type letters struct {
	Dimension int  `json:"dimension" affinis:"min=1"`
	Variance  bool `json:"variance"`
	Missing   bool `json:"missing"`
	opened    bool
}

func (l *letters) Open(context.Context) error {
	if l.Missing {
		return InvalidField("/missing", "names a model that is not there")
	}
	l.opened = true
	return nil
}

func (l *letters) Close() error {
	fmt.Fprintln(os.Stderr, "letters closed")
	return nil
}

func (l *letters) Describe() Description {
	d := Description{
		Modality: "text", Model: Model{Name: "letters", Version: "1"}, Licence: "CC0-1.0",
		Dimension: l.Dimension, Space: fmt.Sprintf("letters/1/%d", l.Dimension),
	}
	if l.Variance {
		d.Variance, d.VarianceID = DiagonalVariance, "letters-variance/1"
	}
	return d
}

func (l *letters) Embed(ctx context.Context, sample Sample) (Vector, error) {
	text, ok := sample.(Text)
	if !ok {
		return Vector{}, Unsupported(sample)
	}
	vector := Vector{Mean: make([]float32, l.Dimension)}
	switch text {
	case "chatter":
		fmt.Println("AFFINIS_ENDPOINT=unix:///elsewhere")
	case "hang":
		fmt.Fprintln(os.Stderr, "letters hang")
		<-ctx.Done()
		return vector, ctx.Err()
	case "deaf":
		fmt.Fprintln(os.Stderr, "letters hang")
		time.Sleep(time.Hour)
	case "panic":
		var empty []int
		_ = empty[len(text)]
	case "short":
		vector.Mean = vector.Mean[1:]
	case "nan":
		vector.Mean[0] = float32(math.NaN())
	case "bad":
		return vector, Invalid("hold a letter at least")
	}
	if !l.opened {
		return vector, errors.New("not opened")
	}
	for _, letter := range string(text) {
		vector.Mean[int(letter)%l.Dimension]++
	}
	if l.Variance {
		for range l.Dimension {
			vector.Variance = append(vector.Variance, 1/float32(len(text)))
		}
	}
	return vector, nil
}
