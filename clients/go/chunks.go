package affinis

import (
	"google.golang.org/protobuf/proto"

	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
)

const largestChunkBytes = 256 << 10

// splitItem sends an item without its bytes, then these in chunks. The caller's item is not changed, so that it can be
// sent again.
func splitItem[Item proto.Message](
	item Item, samples []*affinisv1.Sample, s settings,
	sendItem func(Item) error, sendChunk func(*affinisv1.Chunk) error,
) error {
	var media [][]byte
	restore := make([]func(), 0, len(samples))
	for _, sample := range samples {
		if bytes, put := detach(sample); len(bytes) > 0 {
			media = append(media, bytes)
			restore = append(restore, put)
		}
	}
	announced := proto.Clone(item).(Item)
	for _, put := range restore {
		put()
	}
	if err := sendItem(announced); err != nil {
		return err
	}
	id := any(item).(interface{ GetId() string }).GetId()
	size := min(largestChunkBytes, s.inlineBytes())
	for medium, bytes := range media {
		for offset := 0; offset < len(bytes); offset += size {
			data := bytes[offset:min(offset+size, len(bytes))]
			chunk := &affinisv1.Chunk{ItemId: id, Medium: uint32(medium), Offset: uint64(offset), Data: data}
			if err := sendChunk(chunk); err != nil {
				return err
			}
		}
	}
	return nil
}

// detach takes a sample's bytes out and announces their number instead; the function puts them back.
func detach(sample *affinisv1.Sample) ([]byte, func()) {
	var bytes *[]byte
	var announced *uint64
	switch content := sample.GetContent().(type) {
	case *affinisv1.Sample_Media:
		bytes, announced = &content.Media.Data, &content.Media.ChunkedBytes
	case *affinisv1.Sample_Pcm:
		bytes, announced = &content.Pcm.Samples, &content.Pcm.ChunkedBytes
	case *affinisv1.Sample_Tensor:
		bytes, announced = &content.Tensor.Data, &content.Tensor.ChunkedBytes
	default:
		return nil, nil
	}
	detached := *bytes
	*bytes, *announced = nil, uint64(len(detached))
	return detached, func() { *bytes, *announced = detached, 0 }
}
