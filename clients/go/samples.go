package affinis

import (
	"io"
	"os"
)

// File is an image or a recording on the disk, read whole.
func File(path string) (Sample, error) {
	bytes, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Bytes(bytes), nil
}

// Read is an image or a recording, read to its end.
func Read(reader io.Reader) (Sample, error) {
	bytes, err := io.ReadAll(reader)
	if err != nil {
		return nil, err
	}
	return Bytes(bytes), nil
}

// Bytes is an encoded image or recording. Not copied.
func Bytes(bytes []byte) Sample { return Media{Bytes: bytes} }

// PCM16 is one channel of signed 16-bit sound.
func PCM16(samples []int16, sampleRateHz int) Sample {
	floats := make([]float32, len(samples))
	for at, value := range samples {
		floats[at] = float32(value) / 32768
	}
	return PCM{Samples: floats, SampleRateHz: sampleRateHz, Channels: 1}
}
