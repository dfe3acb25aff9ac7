package main

import (
	"math"
	"testing"
	"testing/quick"

	"github.com/affinis/affinis/clients/go/plugin"
)

func distance(t *testing.T, p float64, left, right []float32) float64 {
	t.Helper()
	score, err := (&minkowski{P: p}).Score(plugin.Embedding{Mean: left}, plugin.Embedding{Mean: right})
	if err != nil {
		t.Fatal(err)
	}
	return score
}

func TestKnownDistances(t *testing.T) {
	for p, want := range map[float64]float64{1: 7, 2: 5, 3: math.Cbrt(27 + 64), 1000: 4} {
		if got := distance(t, p, []float32{1, -2, 5}, []float32{4, 2, 5}); math.Abs(got-want) > 1e-9 {
			t.Errorf("order %g: %g where %g is due", p, got, want)
		}
	}
	if got := distance(t, 3, []float32{3e38, 1}, []float32{-3e38, 1}); math.Abs(got/6e38-1) > 1e-6 {
		t.Errorf("the largest floats: %g", got)
	}
}

func TestIsAMetric(t *testing.T) {
	laws := func(a, b, c [5]int16, order uint8) bool {
		x, y, z := floats(a), floats(b), floats(c)
		p := 1 + float64(order)/16
		xy, yx, yz, xz := distance(t, p, x, y), distance(t, p, y, x), distance(t, p, y, z), distance(t, p, x, z)
		return distance(t, p, x, x) == 0 && xy == yx && (xy > 0) == (a != b) && xz <= (xy+yz)*(1+1e-12)
	}
	if err := quick.Check(laws, nil); err != nil {
		t.Error(err)
	}
}

func floats(values [5]int16) []float32 {
	var row []float32
	for _, value := range values {
		row = append(row, float32(value)/256)
	}
	return row
}
