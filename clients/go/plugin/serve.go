package plugin

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	pluginv1 "github.com/affinis/affinis/clients/go/gen/affinis/plugin/v1"
	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
)

const (
	// graceForCalls and graceForClosing together stay below the five seconds that a host waits.
	graceForCalls   = 3 * time.Second
	graceForClosing = 500 * time.Millisecond
	slackBytes      = 64 << 10
)

// Serve serves the plugin to the host that started this process, and ends the process when the host is done with it.
func Serve(p Plugin) { os.Exit(run(p)) }

func run(p Plugin) int {
	if os.Getenv("AFFINIS_PLUGIN") != "1" {
		fmt.Fprintf(os.Stderr, "%s %s is a plugin of Affinis, which starts it itself. Name this program in affinis.yaml:\n\n"+
			"plugins:\n  - name: %s\n    command: [%s]\n", p.Name, p.Version, p.Name, os.Args[0])
		return 2
	}
	// An interrupt from a terminal goes to the host too, which ends its plugins in order; a reader of standard output or
	// error that went away must not end the process.
	signal.Ignore(syscall.SIGINT, syscall.SIGPIPE)
	logAt(os.Getenv("AFFINIS_LOG_LEVEL"))
	components, err := componentsOf(p)
	if err != nil {
		slog.Error("the plugin is wrong", "plugin", p.Name, "error", err)
		return 1
	}
	listener, err := listen(os.Getenv("AFFINIS_ENDPOINT"))
	if err != nil {
		slog.Error("the endpoint cannot be bound", "plugin", p.Name, "error", err)
		return 1
	}
	return serve(p, components, listener)
}

func serve(p Plugin, components []component, listener net.Listener) int {
	ending, shutdown := context.WithCancel(context.Background())
	go endWithHost(shutdown)
	all := newInstances()
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(maxMessageBytes+slackBytes),
		grpc.MaxSendMsgSize(maxMessageBytes+slackBytes),
		grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			return guarded(func() (any, error) { return handle(ctx, request) })
		}),
		grpc.StreamInterceptor(endWatches(ending)),
	)
	pluginv1.RegisterPluginServer(server, &pluginService{plugin: p, components: components, instances: all, shutdown: shutdown})
	affinisv1.RegisterEmbedderServer(server, &embedderService{instances: all})
	affinisv1.RegisterMetricServer(server, &metricService{instances: all})
	state := health.NewServer()
	grpc_health_v1.RegisterHealthServer(server, state)

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	slog.Info("serving", "plugin", p.Name, "version", p.Version)
	select {
	case err := <-failed:
		slog.Error("serving failed", "plugin", p.Name, "error", err)
		return 1
	case <-ending.Done():
	}
	state.Shutdown()
	within(graceForCalls, server.GracefulStop)
	server.Stop()
	within(graceForClosing, all.closeAll)
	slog.Info("ended", "plugin", p.Name)
	return 0
}

// endWithHost ends the process when the host closes standard input, or on SIGTERM.
func endWithHost(shutdown func()) {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		shutdown()
	}()
	<-terminated
	shutdown()
}

// endWatches ends streams that watch health when the process is to end; they would outlive every other call.
func endWatches(ending context.Context) grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		if info.FullMethod != grpc_health_v1.Health_Watch_FullMethodName {
			return handle(server, stream)
		}
		ctx, cancel := context.WithCancel(stream.Context())
		defer cancel()
		defer context.AfterFunc(ending, cancel)()
		return handle(server, watchStream{stream, ctx})
	}
}

type watchStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s watchStream) Context() context.Context { return s.ctx }

func listen(endpoint string) (net.Listener, error) {
	path, ok := strings.CutPrefix(endpoint, "unix://")
	if !ok || path == "" {
		return nil, fmt.Errorf("AFFINIS_ENDPOINT is %q; it must be unix:///path", endpoint)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		_ = os.Remove(path) // left by a process that was killed
	}
	return net.Listen("unix", path)
}

// within waits for the work at most that long.
func within(limit time.Duration, work func()) {
	finished := make(chan struct{})
	go func() {
		work()
		close(finished)
	}()
	select {
	case <-finished:
	case <-time.After(limit):
	}
}

func logAt(level string) {
	var threshold slog.Level
	if threshold.UnmarshalText([]byte(level)) != nil {
		threshold = slog.LevelInfo
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: threshold})))
}
