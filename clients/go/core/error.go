package core

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Error says why an item or a call failed. Its message says what to do, and never holds a payload.
type Error struct {
	Code    codes.Code
	Message string
	// Field is the path of the offending field, such as `items[3].left.samples[0].media`. Empty: none.
	Field string
	// Reason is stable and for programs, such as `NO_FACE`. Empty: none.
	Reason string
	// RetryAfter is the wait after which the same may succeed. 0: a retry does not help.
	RetryAfter time.Duration
}

const (
	domain        = "affinis"
	maxTextBytes  = 1024
	maxRetryAfter = time.Minute
)

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Message) }

// GRPCStatus is the error as a status with google.rpc details. gRPC's own functions (`status.Code`) use it.
func (e *Error) GRPCStatus() *status.Status {
	message := boundedText(e.Message)
	reason := e.Reason
	if reason == "" {
		reason = reasonOf(e.Code)
	}
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: boundedText(reason), Domain: domain}}
	if e.Field != "" {
		violation := &errdetails.BadRequest_FieldViolation{Field: boundedText(e.Field), Description: message}
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{violation}})
	}
	if e.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(min(e.RetryAfter, maxRetryAfter))})
	}
	plain := status.New(e.Code, message)
	if rich, err := plain.WithDetails(details...); err == nil {
		return rich
	}
	return plain
}

// FromStatus is nil for OK. Details that cannot be read are left out.
func FromStatus(s *status.Status) *Error {
	if s.Code() == codes.OK {
		return nil
	}
	e := &Error{Code: s.Code(), Message: s.Message()}
	for _, detail := range s.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			e.Reason = detail.GetReason()
		case *errdetails.BadRequest:
			if violations := detail.GetFieldViolations(); len(violations) > 0 {
				e.Field = violations[0].GetField()
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = min(max(detail.GetRetryDelay().AsDuration(), 0), maxRetryAfter)
		}
	}
	return e
}

// FromError is nil for nil. An ended context becomes Canceled or DeadlineExceeded; what has no status becomes Internal
// with its text.
func FromError(err error) *Error {
	var own *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own
	}
	if s, ok := status.FromError(err); ok {
		return FromStatus(s)
	}
	if s := status.FromContextError(err); errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return FromStatus(s)
	}
	return &Error{Code: codes.Internal, Message: err.Error()}
}

// reasonOf turns `InvalidArgument` into `INVALID_ARGUMENT`.
func reasonOf(code codes.Code) string {
	var reason strings.Builder
	for at, letter := range code.String() {
		if at > 0 && letter >= 'A' && letter <= 'Z' {
			reason.WriteByte('_')
		}
		reason.WriteRune(letter)
	}
	return strings.ToUpper(reason.String())
}

// boundedText is well-formed and short enough for a header.
func boundedText(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= maxTextBytes {
		return text
	}
	end := maxTextBytes - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
