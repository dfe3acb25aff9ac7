package affinis

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
)

// slackBytes is room for a message's other fields beside its payload.
const slackBytes = 64 << 10

// Client of one server; safe for concurrent use.
type Client struct {
	settings   settings
	conn       *grpc.ClientConn
	embedder   affinisv1.EmbedderClient
	metric     affinisv1.MetricClient
	similarity affinisv1.SimilarityClient
	gallery    affinisv1.GalleryClient
}

// Dial connects to HOST:PORT or unix:/path, in as many attempts as the retry policy has. The connection is made again by
// itself when it breaks.
func Dial(ctx context.Context, address string, options ...Option) (*Client, error) {
	settings, err := settingsOf(address, options)
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(address, dialOptions(settings)...)
	if err != nil {
		return nil, &Error{Code: codes.InvalidArgument, Message: fmt.Sprintf("[client] %v", err)}
	}
	client := &Client{
		settings:   settings,
		conn:       conn,
		embedder:   affinisv1.NewEmbedderClient(conn),
		metric:     affinisv1.NewMetricClient(conn),
		similarity: affinisv1.NewSimilarityClient(conn),
		gallery:    affinisv1.NewGalleryClient(conn),
	}
	if err := client.connect(ctx); err != nil {
		return nil, err
	}
	return client, nil
}

// Close ends the connection; calls in flight fail.
func (c *Client) Close() error { return c.conn.Close() }

// connect asks after the server's health; any answer will do, also that it does not tell.
func (c *Client) connect(ctx context.Context) error {
	_, err := c.Health(ctx, "")
	switch problem, _ := AsError(err); {
	case problem == nil:
		return nil
	case problem.Code == codes.Unavailable, problem.Code == codes.DeadlineExceeded, problem.Code == codes.Canceled:
		c.conn.Close()
		return problem
	}
	return nil
}

func (c *Client) unreachable(problem string) *Error {
	return &Error{
		Code:    codes.Unavailable,
		Message: fmt.Sprintf("[client] %s (no answer from %s; is the server running there?)", problem, c.settings.address),
		Reason:  "UNREACHABLE",
	}
}

// bounded gives a context without a deadline the client's.
func (c *Client) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, c.settings.timeout)
}

func dialOptions(s settings) []grpc.DialOption {
	transport := insecure.NewCredentials()
	if s.tls != nil {
		transport = credentials.NewTLS(s.tls)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallSendMsgSize(s.maxMessageBytes),
			grpc.MaxCallRecvMsgSize(s.maxMessageBytes+slackBytes),
			grpc.MaxRetryRPCBufferSize(s.maxMessageBytes+slackBytes),
		),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay:  50 * time.Millisecond,
				Multiplier: 1.6,
				Jitter:     0.2,
				MaxDelay:   500 * time.Millisecond,
			},
			MinConnectTimeout: 5 * time.Second,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithDisableServiceConfig(),
	}
	if s.token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer{token: s.token, secure: s.tls != nil}))
	}
	if s.retry == nil {
		return append(options, grpc.WithDisableRetry())
	}
	return append(options, grpc.WithDefaultServiceConfig(serviceConfig(*s.retry)))
}

// serviceConfig makes gRPC itself repeat what failed with UNAVAILABLE. RESOURCE_EXHAUSTED is left to withRetry: only
// some of it heals, and only the error's details say which.
func serviceConfig(policy RetryPolicy) string {
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }
	config, err := json.Marshal(map[string]any{"methodConfig": []any{map[string]any{
		"name": []any{map[string]any{}},
		"retryPolicy": map[string]any{
			"maxAttempts":          policy.Attempts,
			"initialBackoff":       seconds(policy.InitialBackoff),
			"maxBackoff":           seconds(policy.MaxBackoff),
			"backoffMultiplier":    2,
			"retryableStatusCodes": []string{"UNAVAILABLE"},
		},
	}}})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return string(config)
}

type bearer struct {
	token  string
	secure bool
}

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token}, nil
}

func (b bearer) RequireTransportSecurity() bool { return b.secure }
