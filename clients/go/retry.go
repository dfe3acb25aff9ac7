package affinis

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/affinis/affinis/clients/go/core"
)

// withRetry repeats what the server asks to repeat later, for as long as attempts and the deadline allow, and turns what
// it fails with into an *Error. What failed as unreachable the connection has repeated already.
func withRetry[T any](ctx context.Context, c *Client, call func() (T, error)) (T, error) {
	for attempt := 1; ; attempt++ {
		value, err := call()
		if err == nil {
			return value, nil
		}
		problem := c.errorOf(err)
		if problem.Code != codes.ResourceExhausted || problem.RetryAfter <= 0 || attempt >= c.settings.attempts() {
			return value, problem
		}
		wait := problem.RetryAfter + rand.N(problem.RetryAfter/5+1)
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
			return value, problem
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return value, core.FromError(ctx.Err())
		}
	}
}

func (c *Client) errorOf(err error) *Error {
	problem := core.FromError(err)
	if problem.Code == codes.Unavailable && problem.Reason == "" {
		return c.unreachable(problem.Message)
	}
	return problem
}
