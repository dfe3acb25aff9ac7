package affinis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
	"github.com/affinis/affinis/clients/go/internal/codec"
)

// server is a small gRPC server whose answers say what it received. The real one is in the end-to-end tests.
type server struct {
	affinisv1.UnimplementedSimilarityServer
	affinisv1.UnimplementedEmbedderServer
	affinisv1.UnimplementedMetricServer
	affinisv1.UnimplementedGalleryServer

	calls, streams atomic.Int32
	// fail, where set, decides what the nth call (from 1) of Verify fails with.
	fail  func(n int32) error
	token atomic.Value
}

func (s *server) Verify(ctx context.Context, request *affinisv1.VerifyRequest) (*affinisv1.VerifyResponse, error) {
	n := s.calls.Add(1)
	s.token.Store(strings.Join(metadata.ValueFromIncomingContext(ctx, "authorization"), ""))
	if s.fail != nil {
		if err := s.fail(n); err != nil {
			return nil, err
		}
	}
	response := &affinisv1.VerifyResponse{}
	for _, item := range request.GetItems() {
		response.Results = append(response.Results, verified(item, request.GetPipeline(), nil))
	}
	return response, nil
}

// VerifyStream puts chunks together and answers in reverse order.
func (s *server) VerifyStream(
	stream grpc.BidiStreamingServer[affinisv1.VerifyStreamRequest, affinisv1.VerifyStreamResponse],
) error {
	s.streams.Add(1)
	var pipeline string
	var items []*affinisv1.VerifyItem
	media := map[string][]byte{}
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		switch message := request.GetMessage().(type) {
		case *affinisv1.VerifyStreamRequest_Start:
			pipeline = message.Start.GetPipeline()
		case *affinisv1.VerifyStreamRequest_Item:
			items = append(items, message.Item)
		case *affinisv1.VerifyStreamRequest_Chunk:
			key := fmt.Sprint(message.Chunk.GetItemId(), "/", message.Chunk.GetMedium())
			if int(message.Chunk.GetOffset()) != len(media[key]) {
				return &Error{Code: codes.InvalidArgument, Message: "wrong offset"}
			}
			media[key] = append(media[key], message.Chunk.GetData()...)
		}
	}
	for index := len(items) - 1; index >= 0; index-- {
		result := verified(items[index], pipeline, media)
		if err := stream.Send(&affinisv1.VerifyStreamResponse{Result: result}); err != nil {
			return err
		}
	}
	return nil
}

// verified scores by the number of bytes on both sides; an empty side fails.
func verified(item *affinisv1.VerifyItem, pipeline string, media map[string][]byte) *affinisv1.VerifyResult {
	bytes, medium := 0.0, 0
	for _, sample := range samplesOfPair(item) {
		size := len(sample.GetMedia().GetData()) + len(sample.GetText())
		if announced := sample.GetMedia().GetChunkedBytes(); announced > 0 {
			if size = len(media[fmt.Sprint(item.GetId(), "/", medium)]); uint64(size) != announced {
				size = 0
			}
			medium++
		}
		if size == 0 {
			err := &Error{Code: codes.InvalidArgument, Message: "[server] is empty", Field: "items[0].left", Reason: "EMPTY"}
			return &affinisv1.VerifyResult{Id: item.GetId(), Status: err.GRPCStatus().Proto()}
		}
		bytes += float64(size)
	}
	return &affinisv1.VerifyResult{Id: item.GetId(), Comparison: &affinisv1.Comparison{
		Score: &bytes, Pipeline: &affinisv1.PipelineIdentity{Pipeline: pipeline},
	}}
}

func (s *server) Embed(_ context.Context, request *affinisv1.EmbedRequest) (*affinisv1.EmbedResponse, error) {
	response := &affinisv1.EmbedResponse{}
	for _, item := range request.GetItems() {
		embedding := Embedding{Mean: []float32{float32(len(item.GetSample().GetText())), 1}, Space: request.GetEmbedder()}
		response.Results = append(response.Results,
			&affinisv1.EmbedResult{Id: item.GetId(), Embedding: codec.EmbeddingToProto(embedding)})
	}
	return response, nil
}

func (s *server) Score(_ context.Context, request *affinisv1.ScoreRequest) (*affinisv1.ScoreResponse, error) {
	s.calls.Add(1)
	response := &affinisv1.ScoreResponse{}
	for _, pair := range request.GetPairs() {
		left, err := codec.EmbeddingFromProto(pair.GetLeft(), "left")
		result := &affinisv1.ScoreResult{Id: pair.GetId()}
		if err != nil {
			result.Status = err.(*Error).GRPCStatus().Proto()
		} else {
			score := float64(left.Mean[0])
			result.Score = &score
		}
		response.Results = append(response.Results, result)
	}
	return response, nil
}

func (s *server) Identify(_ context.Context, request *affinisv1.IdentifyRequest) (*affinisv1.IdentifyResponse, error) {
	response := &affinisv1.IdentifyResponse{}
	for _, item := range request.GetItems() {
		response.Results = append(response.Results,
			&affinisv1.IdentifyResult{Id: item.GetId(), TemplateId: item.GetSamples()[0].GetText(), Searched: uint64(request.GetK())})
	}
	return response, nil
}

func serve(t *testing.T, s *server) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	affinisv1.RegisterSimilarityServer(server, s)
	affinisv1.RegisterEmbedderServer(server, s)
	affinisv1.RegisterMetricServer(server, s)
	affinisv1.RegisterGalleryServer(server, s)
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

func dial(t *testing.T, s *server, options ...Option) *Client {
	t.Helper()
	client, err := Dial(context.Background(), serve(t, s), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func TestVerifyAnswersItemByItem(t *testing.T) {
	client := dial(t, &server{})
	results, err := client.Verify(context.Background(), "toy", []Comparison{
		Pair(Text("ab"), Text("c")), Pair(Text(""), Text("c")), {Left: []Sample{Bytes([]byte{1, 2}), Text("x")}, Right: []Sample{Text("y")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for index, want := range map[int]float64{0: 3, 2: 4} {
		answer, err := results[index].Get()
		if err != nil || answer.GetComparison().GetScore() != want || answer.GetComparison().GetPipeline().GetPipeline() != "toy" {
			t.Errorf("item %d: %v, %v", index, answer, err)
		}
	}
	want := &Error{Code: codes.InvalidArgument, Message: "[server] is empty", Field: "items[0].left", Reason: "EMPTY"}
	if !reflect.DeepEqual(results[1].Err, want) {
		t.Errorf("%+v", results[1].Err)
	}
	if _, err := results[0].Get(); err != nil {
		t.Error("success is not nil")
	}
}

func TestSizesOfBatches(t *testing.T) {
	s := &server{}
	client := dial(t, s, WithMaxMessageBytes(64<<10), WithMaxBatchItems(3))
	large := make([]byte, 700<<10)
	items := []Comparison{Pair(Bytes(large), Text("abc"))}
	for range 7 {
		items = append(items, Pair(Text("a"), Text("b")))
	}
	items = append(items, Pair(Text("z"), Bytes(large)), Pair(Bytes(large[:40<<10]), Text("q")))
	results, err := client.Verify(context.Background(), "", items)
	if err != nil {
		t.Fatal(err)
	}
	for index, result := range results {
		want := map[int]float64{0: 700<<10 + 3, 8: 700<<10 + 1, 9: 40<<10 + 1}[index]
		if want == 0 {
			want = 2
		}
		if answer, err := result.Get(); err != nil || answer.GetComparison().GetScore() != want {
			t.Errorf("item %d: %v, %v", index, answer, err)
		}
	}
	if s.calls.Load() != 3 || s.streams.Load() != 1 {
		t.Errorf("%d calls and %d streams", s.calls.Load(), s.streams.Load())
	}
}

func TestRetries(t *testing.T) {
	quick := RetryPolicy{Attempts: 3, InitialBackoff: time.Millisecond, MaxBackoff: 5 * time.Millisecond}
	unavailable := &Error{Code: codes.Unavailable, Message: "[server] draining", Reason: "DRAINING"}
	later := &Error{Code: codes.ResourceExhausted, Message: "[server] full", RetryAfter: time.Millisecond}
	never := &Error{Code: codes.ResourceExhausted, Message: "[server] too large"}
	invalid := &Error{Code: codes.InvalidArgument, Message: "[server] wrong"}
	until := func(good int32, err error) func(int32) error {
		return func(n int32) error {
			if n < good {
				return err
			}
			return nil
		}
	}
	for _, each := range []struct {
		name  string
		fail  func(int32) error
		retry Option
		calls int32
		code  codes.Code
	}{
		{"what was unavailable is called again", until(3, unavailable), WithRetry(quick), 3, codes.OK},
		{"for as many attempts as the policy has", until(9, unavailable), WithRetry(quick), 3, codes.Unavailable},
		{"not at all without", until(2, unavailable), WithoutRetry(), 1, codes.Unavailable},
		{"what the server asks to repeat", until(3, later), WithRetry(quick), 3, codes.OK},
		{"for as many attempts", until(9, later), WithRetry(quick), 3, codes.ResourceExhausted},
		{"not what does not heal", until(9, never), WithRetry(quick), 1, codes.ResourceExhausted},
		{"not what is wrong", until(9, invalid), WithRetry(quick), 1, codes.InvalidArgument},
	} {
		t.Run(each.name, func(t *testing.T) {
			s := &server{fail: each.fail}
			_, err := dial(t, s, each.retry).Verify(context.Background(), "", []Comparison{Pair(Text("a"), Text("b"))})
			code := codes.OK
			if own, failed := AsError(err); failed {
				code = own.Code
			}
			if s.calls.Load() != each.calls || code != each.code {
				t.Fatalf("%d calls, %v", s.calls.Load(), err)
			}
		})
	}
}

func TestDeadlinesAndCancellation(t *testing.T) {
	slow := &server{}
	release := make(chan struct{})
	slow.fail = func(int32) error { <-release; return nil }
	defer close(release)
	client := dial(t, slow, WithTimeout(50*time.Millisecond))
	items := []Comparison{Pair(Text("a"), Text("b"))}
	_, err := client.Verify(context.Background(), "", items)
	if own, _ := AsError(err); own == nil || own.Code != codes.DeadlineExceeded {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = client.Verify(ctx, "", items)
	if own, _ := AsError(err); own == nil || own.Code != codes.Canceled {
		t.Error(err)
	}
}

func TestDial(t *testing.T) {
	ctx := context.Background()
	begun := time.Now()
	_, err := Dial(ctx, "127.0.0.1:1")
	if elapsed := time.Since(begun); elapsed < 100*time.Millisecond || elapsed > 8*time.Second {
		t.Error("took", elapsed)
	}
	if own, _ := AsError(err); own == nil || own.Code != codes.Unavailable || own.Reason != "UNREACHABLE" ||
		!strings.Contains(own.Message, "127.0.0.1:1") {
		t.Error(err)
	}
	_, err = Dial(ctx, "affinis.example:443", WithToken("secret"))
	if own, _ := AsError(err); own == nil || own.Reason != "TOKEN_WITHOUT_TLS" || strings.Contains(own.Message, "secret") {
		t.Error(err)
	}
	s := &server{}
	if _, err := dial(t, s, WithToken("secret")).Verify(context.Background(), "", []Comparison{Pair(Text("a"), Text("b"))}); err != nil {
		t.Error(err)
	}
	if s.token.Load() != "Bearer secret" {
		t.Error(s.token.Load())
	}
}

func TestEmbedScoreIdentifyHealth(t *testing.T) {
	s := &server{}
	client := dial(t, s, WithMaxBatchItems(2), WithMaxMessageBytes(64<<10))
	ctx := context.Background()
	embedded, err := client.Embed(ctx, "letters", []Sample{Text("abc"), Text("de")})
	if err != nil || len(embedded) != 2 {
		t.Fatal(embedded, err)
	}
	first, second := embedded[0].Value.Embedding, embedded[1].Value.Embedding
	if first.Mean[0] != 3 || second.Mean[0] != 2 || first.Space != "letters" {
		t.Error(first, second)
	}
	scores, err := client.Score(ctx, "toy", []EmbeddingPair{{first, second}, {Embedding{}, second}, {second, first}})
	if err != nil || scores[0].Value != 3 || scores[1].Err == nil || scores[2].Value != 2 || s.calls.Load() != 2 {
		t.Error(scores, err)
	}
	found, err := client.Identify(ctx, "staff", [][]Sample{{Text("ann")}, {Bytes(make([]byte, 1<<20))}, {Text("bob")}}, SearchOptions{K: 7})
	if err != nil || found[0].Value.GetTemplateId() != "ann" || found[2].Value.GetTemplateId() != "bob" || found[0].Value.GetSearched() != 7 {
		t.Error(found, err)
	}
	if found[1].Err == nil || found[1].Err.Reason != "MESSAGE_TOO_LARGE" {
		t.Error(found[1].Err)
	}
	for service, want := range map[string]ServingState{"": Serving, "nothing": Unknown} {
		if state, err := client.Health(ctx, service); state != want || err != nil {
			t.Error(service, state, err)
		}
	}
}
