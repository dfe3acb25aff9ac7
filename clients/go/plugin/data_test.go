package plugin

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
	"github.com/affinis/affinis/clients/go/internal/codec"
)

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
