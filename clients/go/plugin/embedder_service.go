package plugin

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"

	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
	"github.com/affinis/affinis/clients/go/internal/codec"
)

// embedderService serves affinis.v1.Embedder: Embed.
type embedderService struct {
	affinisv1.UnimplementedEmbedderServer
	instances *instances
}

func (s *embedderService) Embed(ctx context.Context, request *affinisv1.EmbedRequest) (*affinisv1.EmbedResponse, error) {
	used, release, err := s.instances.use(ctx, embedderKind, request.GetEmbedder())
	if err != nil {
		return nil, err
	}
	defer release()
	items := request.GetItems()
	if len(items) == 0 {
		return nil, emptyBatch("items")
	}
	results := make([]*affinisv1.EmbedResult, len(items))
	err = forEach(ctx, len(items), func(index int) {
		results[index] = embedItem(ctx, used, items[index], fmt.Sprintf("items[%d]", index))
	})
	if err != nil {
		return nil, err
	}
	return &affinisv1.EmbedResponse{Results: results}, nil
}

func embedItem(ctx context.Context, used *instance, item *affinisv1.EmbedItem, field string) *affinisv1.EmbedResult {
	failed := func(err error) *affinisv1.EmbedResult {
		status := itemError(used.component.id, field+".sample", err).GRPCStatus().Proto()
		return &affinisv1.EmbedResult{Id: item.GetId(), Status: status}
	}
	sample, err := codec.RawSampleFromProto(item.GetSample(), field+".sample")
	if err != nil {
		return failed(err)
	}
	begun := time.Now()
	vector, err := guarded(func() (Vector, error) { return used.author.(Embedder).Embed(ctx, sample) })
	if err != nil {
		return failed(err)
	}
	embedding, err := used.description.embedding(vector)
	if err != nil {
		return failed(err)
	}
	return &affinisv1.EmbedResult{
		Id:        item.GetId(),
		Embedding: codec.EmbeddingToProto(embedding),
		Timings:   &affinisv1.Timings{InferenceMs: milliseconds(time.Since(begun))},
		Model:     used.description.Model.toProto(),
	}
}

// itemError names the component, and the item where the author's error names no field.
func itemError(id, field string, err error) *Error {
	own := problem(id, err)
	if own.Field == "" && own.Code == codes.InvalidArgument {
		own.Field = field
	}
	return own
}

func emptyBatch(field string) error {
	return &Error{
		Code:    codes.InvalidArgument,
		Message: "[plugin] " + field + " is empty; send at least one",
		Field:   field,
		Reason:  "EMPTY",
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
