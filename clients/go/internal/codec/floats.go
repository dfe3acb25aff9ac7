// Package codec turns core's types into the contract's messages and back. What it refuses is a *core.Error with code
// InvalidArgument under the field path that it was given.
package codec

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/grpc/codes"

	"github.com/affinis/affinis/clients/go/core"
)

// FloatsToBytes writes float32 in little-endian order.
func FloatsToBytes(values []float32) []byte {
	bytes := make([]byte, 0, 4*len(values))
	for _, value := range values {
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(value))
	}
	return bytes
}

// FloatsFromBytes reads float32 in little-endian order.
func FloatsFromBytes(bytes []byte, field string) ([]float32, error) {
	if len(bytes)%4 != 0 {
		return nil, invalid(field, fmt.Sprintf("is %d bytes, no multiple of 4; send float32 values", len(bytes)))
	}
	values := make([]float32, len(bytes)/4)
	for at := range values {
		values[at] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*at:]))
	}
	return values, nil
}

func invalid(field, problem string) error {
	return &core.Error{Code: codes.InvalidArgument, Message: fmt.Sprintf("[affinis] %s %s", field, problem), Field: field}
}

func empty(field, fix string) error {
	return &core.Error{
		Code:    codes.InvalidArgument,
		Message: fmt.Sprintf("[affinis] %s is empty; %s", field, fix),
		Field:   field,
		Reason:  "EMPTY",
	}
}

func allFinite(values []float32) bool {
	for _, value := range values {
		if math.IsNaN(float64(value)) || math.IsInf(float64(value), 0) {
			return false
		}
	}
	return true
}
