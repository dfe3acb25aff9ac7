package codec

import (
	"encoding/binary"
	"fmt"
	"math"

	"golang.org/x/text/unicode/norm"

	"github.com/affinis/affinis/clients/go/core"
	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
)

const (
	maxTensorDimensions = 8
	leastSampleRateHz   = 8000
	mostSampleRateHz    = 192_000
	maxChannels         = 8
)

// SampleToProto does not copy the bytes of media and tensors.
func SampleToProto(sample core.Sample) *affinisv1.Sample {
	switch s := sample.(type) {
	case core.Media:
		media := &affinisv1.Media{Data: s.Bytes, MediaType: s.MediaType}
		for _, point := range s.Landmarks {
			media.Landmarks = append(media.Landmarks, &affinisv1.Point{X: point.X, Y: point.Y})
		}
		return &affinisv1.Sample{Content: &affinisv1.Sample_Media{Media: media}}
	case core.PCM:
		pcm := &affinisv1.Pcm{
			Samples:      FloatsToBytes(s.Samples),
			Encoding:     affinisv1.PcmEncoding_PCM_ENCODING_FLOAT32,
			SampleRateHz: uint32(s.SampleRateHz),
			Channels:     uint32(s.Channels),
		}
		return &affinisv1.Sample{Content: &affinisv1.Sample_Pcm{Pcm: pcm}}
	case core.Text:
		return &affinisv1.Sample{Content: &affinisv1.Sample_Text{Text: string(s)}}
	case core.Tensor:
		tensor := &affinisv1.Tensor{DataType: affinisv1.DataType(s.Type), Data: s.Data}
		for _, size := range s.Shape {
			tensor.Shape = append(tensor.Shape, uint32(size))
		}
		return &affinisv1.Sample{Content: &affinisv1.Sample_Tensor{Tensor: tensor}}
	case core.Embedding:
		return &affinisv1.Sample{Content: &affinisv1.Sample_Embedding{Embedding: EmbeddingToProto(s)}}
	default:
		return &affinisv1.Sample{}
	}
}

// RawSampleFromProto is what an embedder takes: anything but an embedding. Text is in Unicode NFC. Bytes of media and
// tensors stay views into the message.
func RawSampleFromProto(message *affinisv1.Sample, field string) (core.Sample, error) {
	switch content := message.GetContent().(type) {
	case *affinisv1.Sample_Media:
		return mediaFromProto(content.Media, field+".media")
	case *affinisv1.Sample_Pcm:
		return pcmFromProto(content.Pcm, field+".pcm")
	case *affinisv1.Sample_Text:
		if content.Text == "" {
			return nil, empty(field+".text", "send a text")
		}
		return core.Text(norm.NFC.String(content.Text)), nil
	case *affinisv1.Sample_Tensor:
		return tensorFromProto(content.Tensor, field+".tensor")
	case *affinisv1.Sample_Embedding:
		return nil, invalid(field+".embedding", "is an embedding already; send it to Score")
	default:
		return nil, empty(field, "send media, pcm, text or a tensor")
	}
}

func mediaFromProto(media *affinisv1.Media, field string) (core.Sample, error) {
	switch {
	case media.GetChunkedBytes() > 0:
		return nil, chunked(field)
	case len(media.GetData()) == 0:
		return nil, empty(field+".data", "send the whole file")
	}
	if n := len(media.GetLandmarks()); n != 0 && n != 5 {
		return nil, invalid(field+".landmarks", fmt.Sprintf("has %d points; send five or none", n))
	}
	sample := core.Media{Bytes: media.GetData(), MediaType: media.GetMediaType()}
	for _, point := range media.GetLandmarks() {
		if !allFinite([]float32{point.GetX(), point.GetY()}) {
			return nil, invalid(field+".landmarks", "holds NaN or infinity")
		}
		sample.Landmarks = append(sample.Landmarks, core.Point{X: point.GetX(), Y: point.GetY()})
	}
	return sample, nil
}

func pcmFromProto(pcm *affinisv1.Pcm, field string) (core.Sample, error) {
	rate, channels := int(pcm.GetSampleRateHz()), max(int(pcm.GetChannels()), 1)
	switch {
	case pcm.GetChunkedBytes() > 0:
		return nil, chunked(field)
	case rate < leastSampleRateHz || rate > mostSampleRateHz:
		return nil, invalid(field+".sample_rate_hz",
			fmt.Sprintf("is %d, outside %d to %d", rate, leastSampleRateHz, mostSampleRateHz))
	case channels > maxChannels:
		return nil, invalid(field+".channels", fmt.Sprintf("is %d; the most is %d", channels, maxChannels))
	case len(pcm.GetSamples()) == 0:
		return nil, empty(field+".samples", "send sound")
	}
	samples, err := pcmValues(pcm, field)
	if err != nil {
		return nil, err
	}
	if !allFinite(samples) {
		return nil, invalid(field+".samples", "holds NaN or infinity")
	}
	if len(samples)%channels != 0 {
		return nil, invalid(field+".samples",
			fmt.Sprintf("holds %d values, no multiple of %d channels", len(samples), channels))
	}
	return core.PCM{Samples: samples, SampleRateHz: rate, Channels: channels}, nil
}

func pcmValues(pcm *affinisv1.Pcm, field string) ([]float32, error) {
	bytes := pcm.GetSamples()
	switch pcm.GetEncoding() {
	case affinisv1.PcmEncoding_PCM_ENCODING_UNSPECIFIED, affinisv1.PcmEncoding_PCM_ENCODING_FLOAT32:
		return FloatsFromBytes(bytes, field+".samples")
	case affinisv1.PcmEncoding_PCM_ENCODING_INT16:
		if len(bytes)%2 != 0 {
			return nil, invalid(field+".samples", fmt.Sprintf("is %d bytes, no multiple of 2", len(bytes)))
		}
		values := make([]float32, len(bytes)/2)
		for at := range values {
			values[at] = float32(int16(binary.LittleEndian.Uint16(bytes[2*at:]))) / 32768
		}
		return values, nil
	default:
		return nil, invalid(field+".encoding", "is unknown")
	}
}

func tensorFromProto(tensor *affinisv1.Tensor, field string) (core.Sample, error) {
	kind, shape := core.DataType(tensor.GetDataType()), tensor.GetShape()
	switch {
	case tensor.GetChunkedBytes() > 0:
		return nil, chunked(field)
	case kind.Bytes() == 0:
		return nil, invalid(field+".data_type", "is missing or unknown")
	case len(shape) < 1 || len(shape) > maxTensorDimensions:
		return nil, invalid(field+".shape", fmt.Sprintf("has %d dimensions; send 1 to %d", len(shape), maxTensorDimensions))
	}
	sample := core.Tensor{Type: kind, Data: tensor.GetData()}
	expected := uint64(kind.Bytes())
	for _, size := range shape {
		if size == 0 || expected > math.MaxInt32/uint64(size) {
			return nil, invalid(field+".shape", "has a dimension of 0, or is too large")
		}
		expected *= uint64(size)
		sample.Shape = append(sample.Shape, int(size))
	}
	if uint64(len(sample.Data)) != expected {
		return nil, invalid(field+".data", fmt.Sprintf("is %d bytes where its shape takes %d", len(sample.Data), expected))
	}
	if kind == core.Float32 {
		if values, err := FloatsFromBytes(sample.Data, field+".data"); err != nil || !allFinite(values) {
			return nil, invalid(field+".data", "holds NaN or infinity")
		}
	}
	return sample, nil
}

func chunked(field string) error {
	return invalid(field+".chunked_bytes", "belongs to a stream; send the bytes")
}
