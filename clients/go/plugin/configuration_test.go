package plugin

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/affinis/affinis/clients/go/core"
	pluginv1 "github.com/affinis/affinis/clients/go/gen/affinis/plugin/v1"
	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
)

func TestHandshakeAndConfiguration(t *testing.T) {
	p := launch(t)
	ctx := deadline(t)

	t.Run("H1 H3 says who it is", func(t *testing.T) {
		response, err := p.plugin.Handshake(ctx, &pluginv1.HandshakeRequest{ProtocolVersions: []uint32{7, 1}})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, component := range response.GetComponents() {
			ids = append(ids, component.GetId())
		}
		if response.GetProtocolVersion() != 1 || response.GetName() != "obedient" || response.GetVersion() != "1.2.3" ||
			!slices.Equal(ids, []string{"minkowski", "sure", "rogue", "letters"}) {
			t.Fatal(response)
		}
	})

	t.Run("H2 refuses other versions", func(t *testing.T) {
		for _, versions := range [][]uint32{{2, 3}, nil} {
			_, err := p.plugin.Handshake(ctx, &pluginv1.HandshakeRequest{ProtocolVersions: versions})
			wantCode(t, err, codes.FailedPrecondition)
		}
	})

	t.Run("H4 has a schema a component", func(t *testing.T) {
		response, err := p.plugin.GetSchema(ctx, &pluginv1.GetSchemaRequest{Kind: metricKind, Id: "minkowski"})
		if err != nil {
			t.Fatal(err)
		}
		want := `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","additionalProperties":false,"properties":{
			"p":{"type":"number","minimum":1,"maximum":100,"default":2,"description":"The order"},
			"token":{"type":"string","writeOnly":true,"enum":["open sesame","friend"]},
			"weights":{"type":"object","additionalProperties":{"type":"integer","minimum":0}},
			"nested":{"type":"object","additionalProperties":false,"properties":{"Level":{"type":"integer"}}}}}`
		var got, expected any
		if json.Unmarshal([]byte(response.GetJsonSchema()), &got) != nil || json.Unmarshal([]byte(want), &expected) != nil {
			t.Fatal("no JSON")
		}
		if !reflect.DeepEqual(got, expected) {
			t.Fatalf("%s", response.GetJsonSchema())
		}
		for _, unknown := range []*pluginv1.GetSchemaRequest{{Kind: embedderKind, Id: "minkowski"}, {Kind: metricKind, Id: "x"}, {}} {
			_, err := p.plugin.GetSchema(ctx, unknown)
			wantCode(t, err, codes.NotFound)
		}
	})

	for _, each := range []struct {
		name, id, config string
		pointers         []string
	}{
		{"nothing", "minkowski", "", nil},
		{"the defaults", "minkowski", "{}", nil},
		{"all fields", "minkowski", `{"p": 3, "token": "friend", "weights": {"a": 1}, "nested": {"Level": 3}}`, nil},
		{"no JSON", "minkowski", `{"p":`, []string{""}},
		{"two documents", "minkowski", `{}{}`, []string{""}},
		{"no object", "minkowski", `[1]`, []string{""}},
		{"null", "minkowski", `null`, []string{""}},
		{"a wrong type", "minkowski", `{"p": "3"}`, []string{"/p"}},
		{"out of range", "minkowski", `{"p": 0.5}`, []string{"/p"}},
		{"unknown fields, by case too", "minkowski", `{"q": 1, "P": 2}`, []string{"/P", "/q"}},
		{"several", "minkowski", `{"p": 0, "nested": {"Level": "x", "a/b~c": 1}}`, []string{"/nested/Level", "/nested/a~1b~0c", "/p"}},
		{"a number that the type does not hold", "minkowski", `{"weights": {"a": 300}}`, []string{"/weights"}},
		{"what only opening finds", "letters", `{"missing": true}`, []string{"/missing"}},
		{"a description that cannot be", "letters", `{"dimension": 100000}`, []string{""}},
		{"a component without fields", "rogue", `{"p": 1}`, []string{"/p"}},
	} {
		t.Run("H5 H6 "+each.name, func(t *testing.T) {
			kind := metricKind
			if each.id == "letters" {
				kind = embedderKind
			}
			validated, err := p.plugin.ValidateConfig(ctx, &pluginv1.ValidateConfigRequest{Kind: kind, Id: each.id, ConfigJson: each.config})
			if err != nil {
				t.Fatal(err)
			}
			var pointers []string
			for _, diagnostic := range validated.GetDiagnostics() {
				pointers = append(pointers, diagnostic.GetPointer())
				if diagnostic.GetMessage() == "" {
					t.Error("no message")
				}
			}
			slices.Sort(pointers)
			if !slices.Equal(pointers, each.pointers) {
				t.Fatal(validated.GetDiagnostics())
			}
			_, err = p.plugin.Configure(ctx, &pluginv1.ConfigureRequest{Kind: kind, Id: each.id, ConfigJson: each.config})
			if len(each.pointers) == 0 {
				wantCode(t, err, codes.OK)
				return
			}
			wantCode(t, err, codes.InvalidArgument)
			if own := core.FromError(err); own.Field == "" || own.Reason != "BAD_CONFIGURATION" {
				t.Fatalf("%+v", own)
			}
		})
	}

	t.Run("H5 H6 of what is not offered", func(t *testing.T) {
		_, err := p.plugin.ValidateConfig(ctx, &pluginv1.ValidateConfigRequest{Kind: metricKind, Id: "x"})
		wantCode(t, err, codes.NotFound)
		_, err = p.plugin.Configure(ctx, &pluginv1.ConfigureRequest{Kind: metricKind, Id: "x"})
		wantCode(t, err, codes.NotFound)
	})

	t.Run("D12 a secret is in no message", func(t *testing.T) {
		config := `{"token": "hunter2"}`
		validated, err := p.plugin.ValidateConfig(ctx, &pluginv1.ValidateConfigRequest{Kind: metricKind, Id: "minkowski", ConfigJson: config})
		if err != nil || len(validated.GetDiagnostics()) != 1 || strings.Contains(validated.String(), "hunter2") ||
			strings.Contains(validated.String(), "sesame") {
			t.Fatal(validated, err)
		}
		_, err = p.plugin.Configure(ctx, &pluginv1.ConfigureRequest{Kind: metricKind, Id: "minkowski", ConfigJson: config})
		if wantCode(t, err, codes.InvalidArgument); strings.Contains(err.Error(), "hunter2") {
			t.Fatal(err)
		}
	})

	t.Run("H6 instances do not disturb each other", func(t *testing.T) {
		two, one := p.configure(metricKind, "minkowski", ""), p.configure(metricKind, "minkowski", `{"p": 1}`)
		if two == one {
			t.Fatal("one id")
		}
		both := pair([]float32{3, 0}, []float32{0, 4})
		for range 2 {
			if a, b := p.score(two, "minkowski", both)[0].GetScore(), p.score(one, "minkowski", both)[0].GetScore(); a != 5 || b != 7 {
				t.Fatal(a, b)
			}
		}
	})

	t.Run("H7 describes instances, the same each time and in each process", func(t *testing.T) {
		other := launch(t)
		config := `{"dimension": 7, "variance": true}`
		first := describe(t, p, p.configure(embedderKind, "letters", config))
		again := describe(t, other, other.configure(embedderKind, "letters", config))
		if !proto.Equal(first, again) {
			t.Fatal(first, again)
		}
		e := first.GetEmbedder()
		if e.GetName() != "letters" || e.GetDimension() != 7 || e.GetSpace() != "letters/1/7" || e.GetUnitNorm() ||
			e.GetUncertainty() != affinisv1.VarianceKind_VARIANCE_KIND_DIAGONAL || e.GetVarianceId() != "letters-variance/1" ||
			len(e.GetModel().GetSha256()) != 64 || e.GetLicence() != "CC0-1.0" || !e.GetAvailability().GetAvailable() {
			t.Fatal(e)
		}
		m := describe(t, p, p.configure(metricKind, "sure", "")).GetMetric()
		if m.GetName() != "sure" || m.GetUnit() != "sum of variances" || m.GetPolarity() != affinisv1.Polarity_POLARITY_DISTANCE ||
			!m.GetNeedsVariance() {
			t.Fatal(m)
		}
	})

	t.Run("H8 disposes", func(t *testing.T) {
		instance := p.configure(metricKind, "minkowski", "")
		for range 2 {
			if _, err := p.plugin.Dispose(ctx, &pluginv1.DisposeRequest{InstanceId: instance}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := p.plugin.DescribeInstance(ctx, &pluginv1.DescribeInstanceRequest{InstanceId: instance})
		wantCode(t, err, codes.NotFound)
		_, err = p.metric.Score(on(ctx, instance), &affinisv1.ScoreRequest{Metric: "minkowski"})
		wantCode(t, err, codes.NotFound)
	})
}
