// A metric for Affinis, as a plugin process: the Minkowski distance of order p.
package main

import (
	"math"

	"github.com/affinis/affinis/clients/go/plugin"
)

// minkowski is (sum over d of |left - right|^p)^(1/p): 1 is the city block distance, 2 the Euclidean, and the larger the
// order, the more the dimension with the largest difference decides.
type minkowski struct {
	P float64 `json:"p" affinis:"min=1,max=1000" description:"Order of the distance: 1 city block, 2 Euclidean"`
}

// Score is 0 or above. Differences are taken relative to the largest, so that no power of them overflows.
func (m *minkowski) Score(left, right plugin.Embedding) (float64, error) {
	largest := 0.0
	for d := range left.Mean {
		largest = max(largest, difference(left, right, d))
	}
	if largest == 0 {
		return 0, nil
	}
	sum := 0.0
	for d := range left.Mean {
		sum += math.Pow(difference(left, right, d)/largest, m.P)
	}
	return largest * math.Pow(sum, 1/m.P), nil
}

func difference(left, right plugin.Embedding, d int) float64 {
	return math.Abs(float64(left.Mean[d]) - float64(right.Mean[d]))
}

func main() {
	plugin.Serve(plugin.Plugin{Name: "minkowski", Version: "1.0.0", Components: []plugin.Component{
		plugin.MetricComponent{
			ID:          "minkowski",
			Description: "Minkowski distance of a configurable order",
			Unit:        "distance, 0 and above",
			Polarity:    plugin.Distance,
			New:         func() plugin.Metric { return &minkowski{P: 2} },
		},
	}})
}
