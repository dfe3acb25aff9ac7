// Package affinis is a client of an Affinis server: how alike are two faces, voices or texts?
//
//	client, err := affinis.Dial(ctx, "127.0.0.1:50051")
//	left, err := affinis.File("a.jpg")
//	right, err := affinis.File("b.jpg")
//	results, err := client.Verify(ctx, []affinis.Comparison{affinis.Pair(left, right)})
//	answer, err := results[0].Get()
//	fmt.Println(answer.GetComparison().GetDecision(), answer.GetComparison().GetScore())
//
// Every batch answers one result an item, in order: a bad item fails in its Result, a call that fails as a whole returns
// an error. Both are *Error. Answers are the contract's own messages (package affinisv1 in gen/affinis/v1).
package affinis

import (
	"errors"

	"github.com/affinis/affinis/clients/go/core"
)

// What clients and plugins share; see package core.
type (
	Sample    = core.Sample
	Media     = core.Media
	Point     = core.Point
	PCM       = core.PCM
	Text      = core.Text
	Tensor    = core.Tensor
	Embedding = core.Embedding
	Error     = core.Error
)

// Result of one item: a value, or why there is none.
type Result[T any] struct {
	Value T
	// Err is nil where the item succeeded. To hand it on as an error, use Get.
	Err *Error
}

// Get is the result as Go's functions return it.
func (r Result[T]) Get() (T, error) {
	if r.Err != nil {
		return r.Value, r.Err
	}
	return r.Value, nil
}

// AsError gives the *Error in an error's chain.
func AsError(err error) (*Error, bool) {
	var own *Error
	ok := errors.As(err, &own)
	return own, ok
}

// Comparison is two sides to compare, each one or more samples or embeddings of one identity.
type Comparison struct{ Left, Right []Sample }

// Pair compares one sample with one other.
func Pair(left, right Sample) Comparison {
	return Comparison{Left: []Sample{left}, Right: []Sample{right}}
}
