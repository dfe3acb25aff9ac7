package plugin

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/affinis/affinis/clients/go/core"
)

// Invalid refuses a sample that cannot be read, or embeddings that cannot be compared. The message says what to do, and
// never holds the sample.
func Invalid(format string, arguments ...any) error {
	return &Error{Code: codes.InvalidArgument, Message: fmt.Sprintf(format, arguments...)}
}

// Unsupported refuses a kind of sample that the embedder does not take.
func Unsupported(sample Sample) error {
	kind := strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", sample), "core."))
	return &Error{
		Code:    codes.InvalidArgument,
		Message: fmt.Sprintf("this embedder does not take %s samples", kind),
		Reason:  "UNSUPPORTED_SAMPLE",
	}
}

// InvalidField refuses a configuration; the pointer is a JSON pointer such as "/layers/0/size", or "" for the whole.
func InvalidField(pointer, format string, arguments ...any) error {
	return &fieldError{pointer: pointer, message: fmt.Sprintf(format, arguments...)}
}

type fieldError struct{ pointer, message string }

func (e *fieldError) Error() string {
	if e.pointer == "" {
		return e.message
	}
	return e.pointer + " " + e.message
}

// problem is an author's error as one of ours: what is not an *Error is Internal, with its text.
func problem(name string, err error) *Error {
	own := *core.FromError(err)
	if !strings.HasPrefix(own.Message, "[") {
		own.Message = fmt.Sprintf("[%s] %s", name, own.Message)
	}
	return &own
}

// guarded turns a panic of the author's code into an error. What a panic carries may hold a sample, so that only
// Go's own runtime errors are told; the log has the stack, which holds no values.
func guarded[T any](call func() (T, error)) (value T, err error) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		text := fmt.Sprintf("%T", cause)
		var known runtime.Error
		if thrown, ok := cause.(error); ok && errors.As(thrown, &known) {
			text = known.Error()
		}
		slog.Error("panic in the plugin's code", "cause", text, "stack", string(debug.Stack()))
		err = &Error{Code: codes.Internal, Message: "panicked (" + text + "); the plugin's log has the stack", Reason: "PANIC"}
	}()
	return call()
}
