package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/affinis/affinis/clients/go/core"
	pluginv1 "github.com/affinis/affinis/clients/go/gen/affinis/plugin/v1"
	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
	"github.com/affinis/affinis/clients/go/internal/codec"
)

// The rules of docs/plugin-contract.md, by their numbers, on a process that is started as a host starts it.

func TestLaunch(t *testing.T) {
	t.Run("L2 ends with standard input, calls in flight included", func(t *testing.T) {
		p := launch(t)
		instance := p.configure(embedderKind, "letters", "")
		hanging := hang(p, instance, "deaf")
		p.stdin.Close()
		if code := p.ended(5 * time.Second); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		if err := <-hanging; status.Code(err) != codes.Unavailable {
			t.Fatalf("the call in flight ended with %v", err)
		}
	})

	t.Run("L3 what it prints changes nothing, nor does a reader that went away", func(t *testing.T) {
		p := launch(t)
		instance := p.configure(embedderKind, "letters", "")
		quiet := p.embed(instance, text("chatter"))[0]
		p.stdout.Close()
		for range 3 {
			if again := p.embed(instance, text("chatter"))[0]; !proto.Equal(again.GetEmbedding(), quiet.GetEmbedding()) {
				t.Fatal("another answer")
			}
		}
	})

	t.Run("L4 is healthy", func(t *testing.T) {
		p := launch(t)
		response, err := p.health.Check(deadline(t), &grpc_health_v1.HealthCheckRequest{})
		if err != nil || response.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Fatal(response, err)
		}
	})

	t.Run("L5 ends with code 0 after the calls in flight, though its health is watched", func(t *testing.T) {
		p := launch(t)
		instance := p.configure(embedderKind, "letters", "")
		watch, err := p.health.Watch(deadline(t), &grpc_health_v1.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := watch.Recv(); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if _, err := p.plugin.Shutdown(deadline(t), &pluginv1.ShutdownRequest{}); err != nil {
			t.Fatal(err)
		}
		if code := p.ended(5 * time.Second); code != 0 || time.Since(begun) > 2*time.Second {
			t.Fatalf("exit code %d after %s", code, time.Since(begun))
		}
		if !strings.Contains(p.stderr.String(), "letters closed") {
			t.Fatalf("instance %s was not closed:\n%s", instance, p.stderr)
		}
	})

	t.Run("L5 within five seconds, though a call hangs", func(t *testing.T) {
		p := launch(t)
		hang(p, p.configure(embedderKind, "letters", ""), "deaf")
		if _, err := p.plugin.Shutdown(deadline(t), &pluginv1.ShutdownRequest{}); err != nil {
			t.Fatal(err)
		}
		if code := p.ended(5 * time.Second); code != 0 {
			t.Fatalf("exit code %d", code)
		}
	})

	t.Run("ends on SIGTERM, not on SIGINT", func(t *testing.T) {
		p := launch(t)
		p.configure(metricKind, "minkowski", "")
		_ = p.cmd.Process.Signal(syscall.SIGINT)
		p.configure(metricKind, "minkowski", "")
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		if code := p.ended(5 * time.Second); code != 0 {
			t.Fatalf("exit code %d", code)
		}
	})

	t.Run("L6 says what it is", func(t *testing.T) {
		p := start(t)
		if code := p.ended(5 * time.Second); code != 2 || !strings.Contains(p.stderr.String(), "obedient 1.2.3 is a plugin of Affinis") {
			t.Fatalf("exit code %d: %s", code, p.stderr)
		}
	})

	t.Run("L7 logs one line an event at the level asked for, without samples", func(t *testing.T) {
		p := launch(t, "AFFINIS_LOG_LEVEL=error")
		p.embed(p.configure(embedderKind, "letters", ""), text("panic"))
		rogues := p.configure(metricKind, "rogue", "")
		p.score(rogues, "rogue", pair([]float32{2, 31337.25}, []float32{1, 1}))
		p.stdin.Close()
		p.ended(5 * time.Second)
		lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(p.stderr.String(), "letters closed\n", "")), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], "level=ERROR") || strings.Contains(p.stderr.String(), "31337") {
			t.Fatalf("%s", p.stderr)
		}
	})

	t.Run("L1 binds what it is told, and says so where it cannot", func(t *testing.T) {
		stale := filepath.Join(t.TempDir(), "p.sock")
		left, err := net.Listen("unix", stale)
		if err != nil {
			t.Fatal(err)
		}
		left.(*net.UnixListener).SetUnlinkOnClose(false)
		left.Close()
		p := start(t, "AFFINIS_PLUGIN=1", "AFFINIS_ENDPOINT=unix://"+stale)
		t.Cleanup(func() { p.stdin.Close() })
		for connected := false; !connected; {
			conn, err := net.Dial("unix", stale)
			if connected = err == nil; connected {
				conn.Close()
			}
		}
		for _, endpoint := range []string{"", "tcp://127.0.0.1:1", "unix:///nowhere/at/all/p.sock"} {
			p := start(t, "AFFINIS_PLUGIN=1", "AFFINIS_ENDPOINT="+endpoint)
			if code := p.ended(5 * time.Second); code != 1 || !strings.Contains(p.stderr.String(), "endpoint cannot be bound") {
				t.Fatalf("%q: exit code %d: %s", endpoint, code, p.stderr)
			}
		}
	})
}

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

func TestData(t *testing.T) {
	p := launch(t)
	ctx := deadline(t)
	letters := p.configure(embedderKind, "letters", `{"variance": true}`)
	minkowski := p.configure(metricKind, "minkowski", "")
	rogues := p.configure(metricKind, "rogue", "")
	good := pair([]float32{3, 0}, []float32{0, 4})

	t.Run("D1 needs an instance", func(t *testing.T) {
		for _, other := range []context.Context{ctx, on(ctx, "x"), on(ctx, letters), on(ctx, rogues),
			metadata.AppendToOutgoingContext(ctx, "affinis-instances", minkowski)} {
			_, err := p.metric.Score(other, &affinisv1.ScoreRequest{Metric: "minkowski", Pairs: []*affinisv1.ScorePair{good}})
			wantCode(t, err, codes.NotFound)
			stream, err := p.metric.ScoreMatrix(other, &affinisv1.ScoreMatrixRequest{Metric: "minkowski"})
			if err == nil {
				_, err = stream.Recv()
			}
			wantCode(t, err, codes.NotFound)
		}
		_, err := p.embedder.Embed(on(ctx, minkowski), &affinisv1.EmbedRequest{Embedder: "letters"})
		wantCode(t, err, codes.NotFound)
	})

	t.Run("D2 D3 D10 answers item by item", func(t *testing.T) {
		floats := codec.FloatsToBytes([]float32{1, float32(math.NaN())})
		bad := map[string]*affinisv1.Sample{
			"nothing":        nil,
			"no content":     {},
			"empty text":     {Content: &affinisv1.Sample_Text{}},
			"refused":        {Content: &affinisv1.Sample_Text{Text: "bad"}},
			"empty media":    {Content: &affinisv1.Sample_Media{Media: &affinisv1.Media{}}},
			"chunked":        {Content: &affinisv1.Sample_Media{Media: &affinisv1.Media{ChunkedBytes: 4}}},
			"unsupported":    {Content: &affinisv1.Sample_Media{Media: &affinisv1.Media{Data: []byte{1}}}},
			"NaN":            {Content: &affinisv1.Sample_Pcm{Pcm: &affinisv1.Pcm{Samples: floats, SampleRateHz: 8000}}},
			"half a float":   {Content: &affinisv1.Sample_Pcm{Pcm: &affinisv1.Pcm{Samples: floats[:7], SampleRateHz: 8000}}},
			"no rate":        {Content: &affinisv1.Sample_Pcm{Pcm: &affinisv1.Pcm{Samples: floats[:4]}}},
			"odd channels":   {Content: &affinisv1.Sample_Pcm{Pcm: &affinisv1.Pcm{Samples: floats[:4], SampleRateHz: 8000, Channels: 2}}},
			"a tensor's NaN": {Content: &affinisv1.Sample_Tensor{Tensor: &affinisv1.Tensor{DataType: 1, Shape: []uint32{2}, Data: floats}}},
			"a short tensor": {Content: &affinisv1.Sample_Tensor{Tensor: &affinisv1.Tensor{DataType: 1, Shape: []uint32{3}, Data: floats}}},
			"a huge tensor":  {Content: &affinisv1.Sample_Tensor{Tensor: &affinisv1.Tensor{DataType: 1, Shape: []uint32{1 << 31, 1 << 31, 4}}}},
			"an embedding":   {Content: &affinisv1.Sample_Embedding{Embedding: codec.EmbeddingToProto(vector(1, 2))}},
		}
		items := []*affinisv1.EmbedItem{text("first")}
		for name, sample := range bad {
			items = append(items, &affinisv1.EmbedItem{Id: name, Sample: sample})
		}
		items = append(items, text("last"))
		results := p.embed(letters, items...)
		if len(results) != len(items) {
			t.Fatal(len(results))
		}
		for index, result := range results {
			if result.GetId() != items[index].GetId() {
				t.Fatalf("%q stands where %q is due", result.GetId(), items[index].GetId())
			}
			if _, isBad := bad[result.GetId()]; !isBad {
				wantItem(t, result.GetStatus(), codes.OK)
				continue
			}
			own := wantItem(t, result.GetStatus(), codes.InvalidArgument)
			if !strings.HasPrefix(own.Field, fmt.Sprintf("items[%d].sample", index)) || own.Reason == "" || !strings.HasPrefix(own.Message, "[") {
				t.Errorf("%s: %+v", result.GetId(), own)
			}
		}
	})

	t.Run("D3 D4 mistakes of the plugin's code fail their item", func(t *testing.T) {
		for _, word := range []string{"panic", "short", "nan"} {
			results := p.embed(letters, text("first"), text(word), text("last"))
			wantItem(t, results[0].GetStatus(), codes.OK)
			own := wantItem(t, results[1].GetStatus(), codes.Internal)
			if !strings.HasPrefix(own.Message, "[letters] ") {
				t.Error(own)
			}
			wantItem(t, results[2].GetStatus(), codes.OK)
		}
	})

	t.Run("D4 D5 gives what is described, in any company", func(t *testing.T) {
		alone := p.embed(letters, text("abc"))[0].GetEmbedding()
		batch := p.embed(letters, text("zzz"), text("bad"), text("abc"))[2]
		embedding, err := codec.EmbeddingFromProto(batch.GetEmbedding(), "embedding")
		if err != nil || !proto.Equal(alone, batch.GetEmbedding()) {
			t.Fatal(alone, batch, err)
		}
		want := Embedding{
			Mean: []float32{0, 1, 1, 1}, Variance: []float32{1. / 3, 1. / 3, 1. / 3, 1. / 3},
			Space: "letters/1/4", VarianceID: "letters-variance/1",
		}
		if !reflect.DeepEqual(embedding, want) || batch.GetModel().GetName() != "letters" || batch.GetTimings().GetInferenceMs() < 0 {
			t.Fatal(batch)
		}
	})

	t.Run("D6 fails pairs without a finite score, alone", func(t *testing.T) {
		one := []float32{1, 1}
		results := p.score(rogues, "rogue", pair([]float32{9, 1}, one), pair([]float32{1, 1}, one), pair([]float32{2, 1}, one),
			pair([]float32{3, 1}, one), pair([]float32{8, 1}, one))
		if results[0].GetScore() != 9 || results[4].GetScore() != 8 {
			t.Fatal(results)
		}
		for index, message := range map[int]string{1: "not finite", 2: "panicked", 3: "out of cheese"} {
			own := wantItem(t, results[index].GetStatus(), codes.Internal)
			if !strings.Contains(own.Message, message) || results[index].Score != nil {
				t.Error(results[index])
			}
		}
	})

	t.Run("D7 refuses two dimensions and two spaces, alone", func(t *testing.T) {
		twoSpaces := pair([]float32{3, 0}, []float32{0, 4})
		twoSpaces.Right.Space = "elsewhere"
		nan, bytes, missing := pair([]float32{1, float32(math.NaN())}, []float32{1, 1}), pair([]float32{1}, []float32{1}), pair([]float32{1}, []float32{1})
		bytes.Left.Mean, missing.Right = bytes.Left.Mean[:3], nil
		results := p.score(minkowski, "minkowski", good, twoSpaces, pair([]float32{1}, []float32{1, 2}), nan, bytes, missing, good)
		if results[0].GetScore() != 5 || results[6].GetScore() != 5 {
			t.Fatal(results)
		}
		wantItem(t, results[1].GetStatus(), codes.FailedPrecondition)
		for index := 2; index < 6; index++ {
			if own := wantItem(t, results[index].GetStatus(), codes.InvalidArgument); !strings.HasPrefix(own.Field, fmt.Sprintf("pairs[%d]", index)) {
				t.Error(own)
			}
		}
	})

	t.Run("D7 a metric that needs variances", func(t *testing.T) {
		sure := p.configure(metricKind, "sure", "")
		with, without, other := vector(1, 2), vector(1, 2), vector(1, 2)
		with.Variance, with.VarianceID = []float32{0.5}, "a"
		other.Variance, other.VarianceID = []float32{0.5, 0.25}, "b"
		pairOf := func(l, r Embedding) *affinisv1.ScorePair {
			return &affinisv1.ScorePair{Left: codec.EmbeddingToProto(l), Right: codec.EmbeddingToProto(r)}
		}
		results := p.score(sure, "sure", pairOf(with, with), pairOf(with, without), pairOf(with, other))
		if results[0].GetScore() != 1 {
			t.Fatal(results)
		}
		wantItem(t, results[1].GetStatus(), codes.FailedPrecondition)
		wantItem(t, results[2].GetStatus(), codes.FailedPrecondition)
	})

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

	t.Run("D8 eight calls at once give what one after another gives, while another hangs", func(t *testing.T) {
		hangContext, stop := context.WithCancel(ctx)
		defer stop()
		hanging := make(chan error, 1)
		go func() {
			_, err := p.embedder.Embed(on(hangContext, letters), &affinisv1.EmbedRequest{Embedder: "letters", Items: []*affinisv1.EmbedItem{text("hang")}})
			hanging <- err
		}()
		p.stderr.await("letters hang")
		want := p.embed(letters, text("one"), text("two"))
		answers := make(chan []*affinisv1.EmbedResult, 8)
		for range 8 {
			go func() { answers <- p.embed(letters, text("one"), text("two")) }()
		}
		for range 8 {
			for index, result := range <-answers {
				if !proto.Equal(result.GetEmbedding(), want[index].GetEmbedding()) {
					t.Error("another answer")
				}
			}
		}
		stop() // D11
		if err := <-hanging; status.Code(err) != codes.Canceled {
			t.Fatal(err)
		}
		p.embed(letters, text("after"))
	})

	t.Run("D9 refuses empty batches, takes the largest message and no larger one", func(t *testing.T) {
		_, err := p.embedder.Embed(on(ctx, letters), &affinisv1.EmbedRequest{Embedder: "letters"})
		wantCode(t, err, codes.InvalidArgument)
		_, err = p.metric.Score(on(ctx, minkowski), &affinisv1.ScoreRequest{Metric: "minkowski"})
		wantCode(t, err, codes.InvalidArgument)
		media := func(bytes int) *affinisv1.EmbedRequest {
			sample := &affinisv1.Sample{Content: &affinisv1.Sample_Media{Media: &affinisv1.Media{Data: make([]byte, bytes)}}}
			return &affinisv1.EmbedRequest{Embedder: "letters", Items: []*affinisv1.EmbedItem{{Sample: sample}}}
		}
		response, err := p.embedder.Embed(on(ctx, letters), media(maxMessageBytes-100))
		if err != nil {
			t.Fatal(err)
		}
		wantItem(t, response.GetResults()[0].GetStatus(), codes.InvalidArgument)
		_, err = p.embedder.Embed(on(ctx, letters), media(2*maxMessageBytes))
		wantCode(t, err, codes.ResourceExhausted)
	})

	t.Run("D11 goes on after deadlines that pass", func(t *testing.T) {
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		_, err := p.embedder.Embed(on(short, letters), &affinisv1.EmbedRequest{Embedder: "letters", Items: []*affinisv1.EmbedItem{text("hang")}})
		wantCode(t, err, codes.DeadlineExceeded)
		p.embed(letters, text("after"))
	})
}

// hang makes a call that does not end by itself, and returns once the plugin works on it.
func hang(p *process, instance, word string) <-chan error {
	p.t.Helper()
	ended := make(chan error, 1)
	go func() {
		items := []*affinisv1.EmbedItem{text(word)}
		_, err := p.embedder.Embed(on(context.Background(), instance), &affinisv1.EmbedRequest{Embedder: "letters", Items: items})
		ended <- err
	}()
	p.stderr.await("letters hang")
	return ended
}

func describe(t *testing.T, p *process, instance string) *pluginv1.DescribeInstanceResponse {
	t.Helper()
	response, err := p.plugin.DescribeInstance(deadline(t), &pluginv1.DescribeInstanceRequest{InstanceId: instance})
	if err != nil {
		t.Fatal(err)
	}
	return response
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

func text(content string) *affinisv1.EmbedItem {
	return &affinisv1.EmbedItem{Id: content, Sample: &affinisv1.Sample{Content: &affinisv1.Sample_Text{Text: content}}}
}

func vector(mean ...float32) Embedding { return Embedding{Mean: mean, Space: "test/1"} }

func pair(left, right []float32) *affinisv1.ScorePair {
	return &affinisv1.ScorePair{Left: codec.EmbeddingToProto(vector(left...)), Right: codec.EmbeddingToProto(vector(right...))}
}

// block of rows that differ.
func block(count, dimension int) *affinisv1.EmbeddingBlock {
	means := make([]float32, count*dimension)
	for index := range means {
		means[index] = float32(index%97) + 10.5
	}
	return &affinisv1.EmbeddingBlock{
		Count: uint32(count), Dimension: uint32(dimension), Means: codec.FloatsToBytes(means), Space: "test/1",
	}
}

func floats(block *affinisv1.EmbeddingBlock) []float32 {
	values, _ := codec.FloatsFromBytes(block.GetMeans(), "means")
	return values
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Fatalf("%v where %s is due", err, want)
	}
}

func wantItem(t *testing.T, s *spb.Status, want codes.Code) *Error {
	t.Helper()
	if got := codes.Code(s.GetCode()); got != want {
		t.Fatalf("%v where %s is due", s, want)
	}
	return core.FromStatus(status.FromProto(s))
}
