package plugin

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

type shared struct {
	Level int `json:"level"`
}

type every struct {
	shared
	Flag     bool              `json:"flag"`
	Ratio    float32           `json:"ratio" affinis:"above=0,below=1"`
	Count    *uint16           `json:"count"`
	Kind     string            `json:"kind" affinis:"oneof=a|b,required"`
	Sizes    []int             `json:"sizes"`
	Layers   []struct{ N int } `json:"layers"`
	Names    map[string]string `json:"names"`
	Anything any               `json:"anything"`
	Moment   time.Time         `json:"moment"`
	Bare     string
	Skipped  func() `json:"-"`
	hidden   chan int
}

func (e *every) Score(Embedding, Embedding) (float64, error) { return float64(len(e.hidden)), nil }

func TestSchemaOfEveryType(t *testing.T) {
	got, err := schemaOf(&every{shared: shared{Level: 3}, Ratio: 0.5, Kind: "a", Sizes: []int{1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	var properties struct{ Properties, Required any }
	if err := json.Unmarshal([]byte(got.text), &properties); err != nil {
		t.Fatal(err)
	}
	var want any
	if err := json.Unmarshal([]byte(`{
		"level": {"type": "integer", "default": 3},
		"flag": {"type": "boolean"},
		"ratio": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "default": 0.5},
		"count": {"type": "integer", "minimum": 0},
		"kind": {"type": "string", "enum": ["a", "b"]},
		"sizes": {"type": "array", "items": {"type": "integer"}, "default": [1, 2]},
		"layers": {"type": "array", "items": {"type": "object", "additionalProperties": false, "properties": {"N": {"type": "integer"}}}},
		"names": {"type": "object", "additionalProperties": {"type": "string"}},
		"anything": {}, "moment": {}, "Bare": {"type": "string"}}`), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(properties.Properties, want) || !reflect.DeepEqual(properties.Required, []any{"kind"}) {
		t.Fatal(got.text)
	}
}

func TestConfigurationIsRead(t *testing.T) {
	target := &every{shared: shared{Level: 3}, Ratio: 0.5}
	s, err := schemaOf(target)
	if err != nil {
		t.Fatal(err)
	}
	config := `{"kind": "b", "level": 4, "count": 7, "layers": [{"N": 1}], "moment": "2026-11-24T00:00:00Z", "Bare": "x"}`
	if problems := s.apply(config, target); len(problems) > 0 {
		t.Fatal(problems)
	}
	if target.Level != 4 || target.Ratio != 0.5 || *target.Count != 7 || target.Layers[0].N != 1 || target.Moment.Year() != 2026 {
		t.Fatalf("%+v", target)
	}
	for config, pointer := range map[string]string{
		`{}`: "/kind",
		`{"kind": "b", "layers": [{}, {"N": "x"}]}`: "/layers/1/N",
		`{"kind": "b", "moment": "yesterday"}`:      "",
		`{"kind": "b", "ratio": 1}`:                 "/ratio",
		`{"kind": "b", "count": 70000}`:             "/count",
		`{"kind": "b", "names": {"a/b": 1}}`:        "/names/a~1b",
	} {
		if problems := s.apply(config, &every{}); len(problems) != 1 || problems[0].pointer != pointer || problems[0].message == "" {
			t.Errorf("%s: %v", config, problems)
		}
	}
}

func TestWhatAuthorsGetWrongIsSaidAtOnce(t *testing.T) {
	metric := func(change func(*MetricComponent)) Plugin {
		c := MetricComponent{ID: "m", Unit: "u", Polarity: Distance, New: func() Metric { return &minkowski{P: 2} }}
		change(&c)
		return Plugin{Name: "p", Components: []Component{c}}
	}
	type channel struct {
		ScoreFunc `json:"-"`
		C         chan int
	}
	type mistaken struct {
		ScoreFunc `json:"-"`
		N         int `affinis:"minimum=1"`
	}
	type node struct{ Next *node }
	type endless struct {
		ScoreFunc `json:"-"`
		Node      node
	}
	for want, p := range map[string]Plugin{
		"holds itself":         metric(func(c *MetricComponent) { c.New = func() Metric { return &endless{} } }),
		"needs a Name":         {},
		"must match":           metric(func(c *MetricComponent) { c.ID = "Upper" }),
		"Unit and Polarity":    metric(func(c *MetricComponent) { c.Polarity = 0 }),
		"New is missing":       metric(func(c *MetricComponent) { c.New = nil }),
		"give a pointer":       metric(func(c *MetricComponent) { c.New = func() Metric { return channel{} } }),
		"cannot be configured": metric(func(c *MetricComponent) { c.New = func() Metric { return &channel{} } }),
		"unknown option":       metric(func(c *MetricComponent) { c.New = func() Metric { return &mistaken{} } }),
		"two of one kind":      {Name: "p", Components: append(metric(func(*MetricComponent) {}).Components, metric(func(*MetricComponent) {}).Components...)},
	} {
		if _, err := componentsOf(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q where %q is due", err, want)
		}
	}
	if _, err := componentsOf(metric(func(*MetricComponent) {})); err != nil {
		t.Error(err)
	}
}

func TestNormalised(t *testing.T) {
	if got := Normalised([]float32{3, 4}); got[0] != 0.6 || got[1] != 0.8 {
		t.Error(got)
	}
	if got := Normalised([]float32{0, 0}); got[0] != 0 {
		t.Error(got)
	}
}
