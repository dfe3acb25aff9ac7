package affinis

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
)

// These run against a server with its own configuration, at the address in this variable: apps/server's end-to-end tests
// start one.
const addressVariable = "AFFINIS_TEST_ADDRESS"

// dialServer makes everything larger than a sentence travel in chunks where messages are small.
func dialServer(t *testing.T, options ...Option) *Client {
	t.Helper()
	address := os.Getenv(addressVariable)
	if address == "" {
		t.Skip(addressVariable + " names no server")
	}
	client, err := Dial(context.Background(), address, append([]Option{WithTimeout(time.Minute)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func file(t *testing.T, path ...string) Sample {
	t.Helper()
	sample, err := File(filepath.Join(append([]string{"..", "..", "samples"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return sample
}

func value[T any](t *testing.T, result Result[T]) T {
	t.Helper()
	got, err := result.Get()
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestServerSaysWhatItHas(t *testing.T) {
	client, ctx := dialServer(t), context.Background()
	pipelines, err := client.ListPipelines(ctx)
	names := []string{}
	for _, pipeline := range pipelines {
		names = append(names, pipeline.GetName())
	}
	embedders, err2 := client.ListEmbedders(ctx)
	metrics, err3 := client.ListMetrics(ctx)
	if err != nil || err2 != nil || err3 != nil || !slices.Contains(names, "face") || len(embedders) < 3 || len(metrics) < 2 {
		t.Fatal(names, embedders, metrics, err, err2, err3)
	}
	for service, want := range map[string]ServingState{"": Serving, "pipelines/face": Serving, "pipelines/none": Unknown} {
		if state, err := client.Health(ctx, service); state != want || err != nil {
			t.Error(service, state, err)
		}
	}
}

func TestServerVerifiesComparesEmbedsAndScores(t *testing.T) {
	ctx := context.Background()
	obama, later := file(t, "faces", "obama-1.jpg"), file(t, "faces", "obama-2.jpg")
	for name, options := range map[string][]Option{"in calls": nil, "in chunks": {WithMaxMessageBytes(16 << 10)}} {
		t.Run(name, func(t *testing.T) {
			client := dialServer(t, options...)
			verified, err := client.Verify(ctx, "face", []Comparison{
				Pair(obama, later), Pair(obama, file(t, "README.md")), Pair(obama, file(t, "faces", "biden-1.jpg")),
			})
			if err != nil {
				t.Fatal(err)
			}
			same, other := value(t, verified[0]).GetComparison(), value(t, verified[2]).GetComparison()
			if same.GetDecision() != affinisv1.Decision_DECISION_MATCH || other.GetDecision() != affinisv1.Decision_DECISION_NO_MATCH {
				t.Error(same, other)
			}
			if bad := verified[1].Err; bad == nil || bad.Code != codes.InvalidArgument || !strings.Contains(bad.Field, "right.samples[0]") || bad.Reason == "" {
				t.Errorf("%+v", bad)
			}

			embedded, err := client.Embed(ctx, "", []Sample{obama, later, Text("hello")})
			if err != nil {
				t.Fatal(err)
			}
			left, right := value(t, embedded[0]).Embedding, value(t, embedded[1]).Embedding
			scores, err := client.Score(ctx, same.GetPipeline().GetMetric().GetName(), []EmbeddingPair{{left, right}, {left, value(t, embedded[2]).Embedding}})
			if err != nil || math.Abs(value(t, scores[0])-same.GetScore()) > 1e-5 {
				t.Error(scores, same, err)
			}
			if scores[1].Err == nil {
				t.Error("two spaces were compared")
			}

			compared, err := client.Compare(ctx, nil, []Comparison{Pair(left, right), Pair(obama, later)})
			if err != nil {
				t.Fatal(err)
			}
			results := value(t, compared[1])
			if len(results) < 2 {
				t.Fatal(results)
			}
			for _, result := range results {
				value(t, result)
			}
		})
	}
}

func TestServerEnrolsAndIdentifies(t *testing.T) {
	client, ctx := dialServer(t), context.Background()
	if _, err := client.CreateGallery(ctx, "go", "voice"); err != nil {
		t.Fatal(err)
	}
	var enrolments []Enrolment
	speakers := []string{"andrea", "klatt", "steph", "storm"}
	for _, speaker := range speakers {
		enrolments = append(enrolments, Enrolment{
			TemplateID: speaker, Samples: []Sample{file(t, "voices", speaker+"-1.flac")},
			Metadata: map[string]string{"kind": "voice"}, ExpiresAt: time.Now().Add(time.Hour),
		})
	}
	enrolled, err := client.Enroll(ctx, "go", append(enrolments, Enrolment{Samples: []Sample{Text("nobody")}}))
	if err != nil {
		t.Fatal(err)
	}
	for index := range speakers {
		if result := value(t, enrolled[index]); !result.GetCreated() {
			t.Error(result)
		}
	}
	if enrolled[4].Err == nil {
		t.Error("nobody was enrolled")
	}
	var probes [][]Sample
	for _, speaker := range speakers {
		probes = append(probes, []Sample{file(t, "voices", speaker+"-2.flac")})
	}
	found, err := client.Identify(ctx, "go", probes, SearchOptions{K: 2, WithMetadata: true})
	if err != nil {
		t.Fatal(err)
	}
	for index, speaker := range speakers {
		result := value(t, found[index])
		best := result.GetCandidates()[0]
		if best.GetTemplateId() != speaker || best.GetMetadata()["kind"] != "voice" || len(result.GetCandidates()) != 2 {
			t.Error(speaker, result)
		}
	}
	galleries, err := client.ListGalleries(ctx)
	if err != nil || len(galleries) != 1 || galleries[0].GetTemplates() != 4 {
		t.Error(galleries, err)
	}
	if err := client.DeleteGallery(ctx, "go"); err != nil {
		t.Error(err)
	}
	_, err = client.Identify(ctx, "go", probes, SearchOptions{})
	if own, _ := AsError(err); own == nil || own.Code != codes.NotFound {
		t.Error(err)
	}
}
