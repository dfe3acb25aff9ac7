package affinis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
)

// Enrolment is samples or embeddings of one identity to enrol.
type Enrolment struct {
	TemplateID string
	Samples    []Sample
	Metadata   map[string]string
	// ConsentAt and ExpiresAt are left out where zero.
	ConsentAt, ExpiresAt time.Time
	// Mode says what to do where the template exists. Default: add the samples to it.
	Mode affinisv1.EnrollMode
}

// SearchOptions of Identify; the zero value takes every default.
type SearchOptions struct {
	// Pipeline whose metric scores. Default: the gallery's.
	Pipeline string
	// K candidates, at most 100. Default 5.
	K int
	// Filter leaves templates whose metadata holds all of these pairs.
	Filter map[string]string
	// WithMetadata returns the candidates' metadata.
	WithMetadata bool
}

// CreateGallery makes an empty gallery in the pipeline's space.
func (c *Client) CreateGallery(ctx context.Context, name, pipeline string) (*affinisv1.GalleryDescription, error) {
	request := &affinisv1.CreateGalleryRequest{Name: name, Pipeline: pipeline}
	response, err := unary(ctx, c, c.gallery.CreateGallery, request)
	return response.GetGallery(), err
}

// DeleteGallery deletes a gallery and all of its templates.
func (c *Client) DeleteGallery(ctx context.Context, name string) error {
	_, err := unary(ctx, c, c.gallery.DeleteGallery, &affinisv1.DeleteGalleryRequest{Name: name})
	return err
}

// ListGalleries lists all galleries by name.
func (c *Client) ListGalleries(ctx context.Context) ([]*affinisv1.GalleryDescription, error) {
	response, err := unary(ctx, c, c.gallery.ListGalleries, &affinisv1.ListGalleriesRequest{})
	return response.GetGalleries(), err
}

// Enroll enrols each item; a success is on the server's disk. An item that was sent again after a lost answer may be
// enrolled twice. Embedded by the gallery's pipeline.
func (c *Client) Enroll(
	ctx context.Context, gallery string, enrolments []Enrolment,
) ([]Result[*affinisv1.EnrollResult], error) {
	q := question[
		*affinisv1.EnrollItem, *affinisv1.EnrollResult, affinisv1.EnrollStreamRequest, affinisv1.EnrollStreamResponse,
	]{
		samples: (*affinisv1.EnrollItem).GetSamples,
		call: func(ctx context.Context, items []*affinisv1.EnrollItem) ([]*affinisv1.EnrollResult, error) {
			response, err := c.gallery.Enroll(ctx, &affinisv1.EnrollRequest{Gallery: gallery, Items: items})
			return response.GetResults(), err
		},
		open: c.gallery.EnrollStream,
		start: &affinisv1.EnrollStreamRequest{
			Message: &affinisv1.EnrollStreamRequest_Start{Start: &affinisv1.EnrollStart{Gallery: gallery}},
		},
		item: func(item *affinisv1.EnrollItem) *affinisv1.EnrollStreamRequest {
			return &affinisv1.EnrollStreamRequest{Message: &affinisv1.EnrollStreamRequest_Item{Item: item}}
		},
		chunk: func(chunk *affinisv1.Chunk) *affinisv1.EnrollStreamRequest {
			return &affinisv1.EnrollStreamRequest{Message: &affinisv1.EnrollStreamRequest_Chunk{Chunk: chunk}}
		},
		answer: (*affinisv1.EnrollStreamResponse).GetResult,
	}
	items := make([]*affinisv1.EnrollItem, len(enrolments))
	for index, enrolment := range enrolments {
		items[index] = &affinisv1.EnrollItem{
			Id:         strconv.Itoa(index),
			TemplateId: enrolment.TemplateID,
			Samples:    samplesToProto(enrolment.Samples),
			Metadata:   enrolment.Metadata,
			ConsentAt:  timestamp(enrolment.ConsentAt),
			ExpiresAt:  timestamp(enrolment.ExpiresAt),
			Mode:       enrolment.Mode,
		}
	}
	return ask(ctx, c, q, items)
}

// Identify says of each probe (one or more samples of one identity) whose it is. A probe larger than one message fails
// alone: embed it first.
func (c *Client) Identify(
	ctx context.Context, gallery string, probes [][]Sample, options SearchOptions,
) ([]Result[*affinisv1.IdentifyResult], error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	results := make([]Result[*affinisv1.IdentifyResult], len(probes))
	var items []*affinisv1.IdentifyItem
	for index, probe := range probes {
		item := &affinisv1.IdentifyItem{Id: strconv.Itoa(index), Samples: samplesToProto(probe)}
		if size := proto.Size(item); size > c.settings.inlineBytes() {
			results[index].Err = tooLarge(size)
			continue
		}
		results[index].Err = unanswered()
		items = append(items, item)
	}
	for _, batch := range batchesOf(items, c.settings.inlineBytes(), c.settings.maxBatchItems) {
		response, err := unary(ctx, c, c.gallery.Identify, &affinisv1.IdentifyRequest{
			Gallery:      gallery,
			Pipeline:     options.Pipeline,
			Items:        batch,
			K:            uint32(max(options.K, 0)),
			Filter:       options.Filter,
			WithMetadata: options.WithMetadata,
		})
		if err != nil {
			return nil, err
		}
		for _, result := range response.GetResults() {
			if index, err := strconv.Atoi(result.GetId()); err == nil && index >= 0 && index < len(results) {
				results[index] = resultOf(result, result.GetStatus())
			}
		}
	}
	return results, nil
}

func tooLarge(bytes int) *Error {
	return &Error{
		Code:    codes.ResourceExhausted,
		Message: fmt.Sprintf("[client] a probe of %d bytes does not fit into one message; embed it first", bytes),
		Reason:  "MESSAGE_TOO_LARGE",
	}
}

func timestamp(at time.Time) *timestamppb.Timestamp {
	if at.IsZero() {
		return nil
	}
	return timestamppb.New(at)
}
