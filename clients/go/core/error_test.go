package core

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestErrorsTravelWhole(t *testing.T) {
	for _, e := range []*Error{
		{Code: codes.InvalidArgument, Message: "wrong", Field: "items[3].sample", Reason: "NO_FACE"},
		{Code: codes.ResourceExhausted, Message: "full", Reason: "QUEUE_FULL", RetryAfter: 1500 * time.Millisecond},
	} {
		if back := FromError(status.FromProto(e.GRPCStatus().Proto()).Err()); !reflect.DeepEqual(back, e) {
			t.Errorf("%+v", back)
		}
	}
	if reason := FromStatus((&Error{Code: codes.FailedPrecondition}).GRPCStatus()).Reason; reason != "FAILED_PRECONDITION" {
		t.Error(reason)
	}
}

func TestTextsAreBoundedAndWellFormed(t *testing.T) {
	for _, message := range []string{"\xff\xfe", strings.Repeat("é", 5000)} {
		got := (&Error{Code: codes.Internal, Message: message}).GRPCStatus().Message()
		if !utf8.ValidString(got) || len(got) > 1024 || got == "" {
			t.Errorf("%q", got)
		}
	}
	wait := FromStatus((&Error{Code: codes.ResourceExhausted, RetryAfter: time.Hour}).GRPCStatus()).RetryAfter
	if wait != time.Minute {
		t.Error(wait)
	}
}

func TestFromError(t *testing.T) {
	own := &Error{Code: codes.NotFound, Message: "none"}
	for want, err := range map[codes.Code]error{
		codes.NotFound:         fmt.Errorf("around: %w", own),
		codes.Canceled:         context.Canceled,
		codes.DeadlineExceeded: fmt.Errorf("around: %w", context.DeadlineExceeded),
		codes.Internal:         errors.New("anything"),
		codes.Aborted:          status.Error(codes.Aborted, "x"),
	} {
		if got := FromError(err); got.Code != want {
			t.Errorf("%v where %s is due", got, want)
		}
	}
	if FromError(nil) != nil {
		t.Error("nil is an error")
	}
}
