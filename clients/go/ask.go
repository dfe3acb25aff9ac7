package affinis

import (
	"context"
	"errors"
	"io"
	"strconv"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/affinis/affinis/clients/go/core"
	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
)

// question is one that a batch call and a stream answer alike. Items carry their index as id.
type question[Item proto.Message, Answer answer, Request, Response any] struct {
	samples func(Item) []*affinisv1.Sample
	call    func(ctx context.Context, items []Item) ([]Answer, error)
	open    func(ctx context.Context, options ...grpc.CallOption) (grpc.BidiStreamingClient[Request, Response], error)
	start   *Request
	item    func(Item) *Request
	chunk   func(*affinisv1.Chunk) *Request
	answer  func(*Response) Answer
}

type answer interface {
	GetId() string
	GetStatus() *spb.Status
}

// ask answers each item, in order: by as many calls as sizes need, and by a stream for items larger than one message.
func ask[Item proto.Message, Answer answer, Request, Response any](
	ctx context.Context, c *Client, q question[Item, Answer, Request, Response], items []Item,
) ([]Result[Answer], error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	results := make([]Result[Answer], len(items))
	for index := range results {
		results[index].Err = unanswered()
	}
	keep := func(answers ...Answer) {
		for _, answer := range answers {
			if index, err := strconv.Atoi(answer.GetId()); err == nil && index >= 0 && index < len(results) {
				results[index] = resultOf(answer, answer.GetStatus())
			}
		}
	}
	var small, large []Item
	for _, item := range items {
		if proto.Size(item) > c.settings.inlineBytes() {
			large = append(large, item)
		} else {
			small = append(small, item)
		}
	}
	for _, batch := range batchesOf(small, c.settings.inlineBytes(), c.settings.maxBatchItems) {
		answers, err := withRetry(ctx, c, func() ([]Answer, error) { return q.call(ctx, batch) })
		if err != nil {
			return nil, err
		}
		keep(answers...)
	}
	if len(large) == 0 {
		return results, nil
	}
	_, err := withRetry(ctx, c, func() (struct{}, error) { return struct{}{}, q.stream(ctx, c.settings, large, keep) })
	if err != nil {
		return nil, err
	}
	return results, nil
}

// stream sends items while answers come in.
func (q question[Item, Answer, Request, Response]) stream(
	ctx context.Context, s settings, items []Item, keep func(...Answer),
) error {
	ctx, cancel := context.WithCancel(ctx)
	sent := make(chan struct{})
	defer func() { // a stream that is left early ends its sender too
		cancel()
		<-sent
	}()
	stream, err := q.open(ctx)
	if err != nil {
		close(sent)
		return err
	}
	go func() {
		defer close(sent)
		// What sending fails with, receiving reports with its cause.
		if stream.Send(q.start) != nil {
			return
		}
		for _, item := range items {
			if splitItem(item, q.samples(item), s, func(item Item) error { return stream.Send(q.item(item)) },
				func(chunk *affinisv1.Chunk) error { return stream.Send(q.chunk(chunk)) }) != nil {
				return
			}
		}
		_ = stream.CloseSend()
	}()
	for {
		response, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		keep(q.answer(response))
	}
}

// batchesOf groups items so that none is larger than maxBytes or longer than maxItems.
func batchesOf[Item proto.Message](items []Item, maxBytes, maxItems int) [][]Item {
	var batches [][]Item
	bytes := 0
	for _, item := range items {
		size := proto.Size(item)
		if last := len(batches) - 1; last >= 0 && len(batches[last]) < maxItems && bytes+size <= maxBytes {
			batches[last] = append(batches[last], item)
			bytes += size
			continue
		}
		batches = append(batches, []Item{item})
		bytes = size
	}
	return batches
}

func resultOf[T any](value T, s *spb.Status) Result[T] {
	if err := core.FromStatus(status.FromProto(s)); err != nil {
		return Result[T]{Err: err}
	}
	return Result[T]{Value: value}
}

func unanswered() *Error {
	return &Error{
		Code:    codes.Internal,
		Message: "[client] the server did not answer this item; are client and server of one version?",
	}
}
