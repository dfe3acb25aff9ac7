package affinis

import (
	"crypto/tls"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
)

// Option of Dial.
type Option func(*settings)

// RetryPolicy says how what was unavailable is called again, and what the server asks to repeat later (RetryInfo).
type RetryPolicy struct {
	// Attempts in all: 2 to 5.
	Attempts                   int
	InitialBackoff, MaxBackoff time.Duration
}

// DefaultRetry is the policy of a client that is given no other.
var DefaultRetry = RetryPolicy{Attempts: 4, InitialBackoff: 100 * time.Millisecond, MaxBackoff: time.Second}

// WithTLS encrypts the connection; an empty config trusts the usual authorities.
func WithTLS(config *tls.Config) Option { return func(s *settings) { s.tls = config } }

// WithToken sends a bearer token. Beyond this machine it needs WithTLS.
func WithToken(token string) Option { return func(s *settings) { s.token = token } }

// WithTimeout bounds calls whose context has no deadline. Default 10 s.
func WithTimeout(timeout time.Duration) Option { return func(s *settings) { s.timeout = timeout } }

// WithRetry replaces DefaultRetry.
func WithRetry(policy RetryPolicy) Option { return func(s *settings) { s.retry = &policy } }

// WithoutRetry calls once.
func WithoutRetry() Option { return func(s *settings) { s.retry = nil } }

// WithMaxMessageBytes is the server's largest message; items that do not fit travel in chunks. Default 4 MiB.
func WithMaxMessageBytes(bytes int) Option { return func(s *settings) { s.maxMessageBytes = bytes } }

// WithMaxBatchItems is the server's most items in one call; more make several calls. Default 256.
func WithMaxBatchItems(items int) Option { return func(s *settings) { s.maxBatchItems = items } }

type settings struct {
	address         string
	tls             *tls.Config
	token           string
	timeout         time.Duration
	retry           *RetryPolicy
	maxMessageBytes int
	maxBatchItems   int
}

func settingsOf(address string, options []Option) (settings, error) {
	retry := DefaultRetry
	s := settings{
		address:         address,
		timeout:         10 * time.Second,
		retry:           &retry,
		maxMessageBytes: 4 << 20,
		maxBatchItems:   256,
	}
	for _, option := range options {
		option(&s)
	}
	if s.token != "" && s.tls == nil && !isLocal(address) {
		return s, &Error{
			Code:    codes.FailedPrecondition,
			Message: "[client] a token would travel to " + address + " in the clear; use WithTLS",
			Reason:  "TOKEN_WITHOUT_TLS",
		}
	}
	return s, nil
}

// isLocal says whether what is sent there never leaves this machine.
func isLocal(address string) bool {
	if strings.HasPrefix(address, "unix:") {
		return true
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// inlineBytes of payload may stand in one message; the rest is room for the other fields.
func (s settings) inlineBytes() int { return s.maxMessageBytes / 4 * 3 }

func (s settings) attempts() int {
	if s.retry == nil {
		return 1
	}
	return s.retry.Attempts
}
