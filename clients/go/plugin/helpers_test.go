package plugin

import (
	"context"
	"testing"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/affinis/affinis/clients/go/core"
	pluginv1 "github.com/affinis/affinis/clients/go/gen/affinis/plugin/v1"
	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
	"github.com/affinis/affinis/clients/go/internal/codec"
)

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
