package core

// Sample is one raw input, or an embedding made earlier: Media, PCM, Text, Tensor or Embedding.
type Sample interface{ sample() }

// Media is an encoded file: an image (JPEG, PNG, WebP) or a recording (WAV, FLAC, MP3, OGG).
type Media struct {
	// Bytes of the whole file. Not copied.
	Bytes []byte
	// MediaType such as "image/jpeg". Empty: not checked against the bytes.
	MediaType string
	// Landmarks of a face: none (it is searched for), or right eye, left eye, nose tip, right and left mouth corner.
	Landmarks []Point
}

// Point in pixels of the decoded image, from the top left corner.
type Point struct{ X, Y float32 }

// PCM is uncompressed sound.
type PCM struct {
	// Samples are interleaved float32[frames * channels], nominally -1 to 1.
	Samples []float32
	// SampleRateHz is 8000 to 192000.
	SampleRateHz int
	// Channels is 1 to 8; 0 is read as 1.
	Channels int
}

// Text in any language that the model knows.
type Text string

// Tensor is what a model's preprocessing would have made, row-major and without a batch dimension.
type Tensor struct {
	Type  DataType
	Shape []int
	// Data holds the elements in little-endian order.
	Data []byte
}

// DataType of a tensor's elements.
type DataType int

// The types of tensor elements.
const (
	Float32 DataType = iota + 1
	Uint8
	Int32
	Int64
)

// Bytes of one element; 0 for a type that is not known.
func (t DataType) Bytes() int {
	switch t {
	case Uint8:
		return 1
	case Float32, Int32:
		return 4
	case Int64:
		return 8
	default:
		return 0
	}
}

func (Media) sample()     {}
func (PCM) sample()       {}
func (Text) sample()      {}
func (Tensor) sample()    {}
func (Embedding) sample() {}
