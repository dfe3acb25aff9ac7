package plugin

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	pluginv1 "github.com/affinis/affinis/clients/go/gen/affinis/plugin/v1"
	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
)

// The test program is its own plugin: started with this variable it serves instead of testing.
const serveVariable = "AFFINIS_TEST_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serveVariable) != "" {
		Serve(obedient())
	}
	os.Exit(m.Run())
}

// process is a plugin that was started as a host starts it, and clients of its services.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.ReadCloser
	stderr *lockedBuffer
	exit   chan error

	plugin   pluginv1.PluginClient
	embedder affinisv1.EmbedderClient
	metric   affinisv1.MetricClient
	health   grpc_health_v1.HealthClient
}

func launch(t *testing.T, variables ...string) *process {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "p.sock")
	p := start(t, append([]string{"AFFINIS_PLUGIN=1", "AFFINIS_ENDPOINT=unix://" + socket}, variables...)...)
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1, MaxDelay: 20 * time.Millisecond},
			MinConnectTimeout: 5 * time.Second,
		}),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true), grpc.MaxCallSendMsgSize(1<<30), grpc.MaxCallRecvMsgSize(1<<30)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	p.plugin = pluginv1.NewPluginClient(conn)
	p.embedder = affinisv1.NewEmbedderClient(conn)
	p.metric = affinisv1.NewMetricClient(conn)
	p.health = grpc_health_v1.NewHealthClient(conn)
	return p
}

func start(t *testing.T, variables ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0]), stderr: newLockedBuffer(), exit: make(chan error, 1)}
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), serveVariable + "=1"}, variables...)
	p.cmd.Stderr = p.stderr
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if p.stdout, err = p.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err = p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.exit <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// ended waits for the exit code.
func (p *process) ended(limit time.Duration) int {
	p.t.Helper()
	select {
	case err := <-p.exit:
		var status *exec.ExitError
		if errors.As(err, &status) {
			return status.ExitCode()
		}
		return 0
	case <-time.After(limit):
		p.t.Fatalf("still running after %s; its log:\n%s", limit, p.stderr)
		return -1
	}
}

func (p *process) configure(kind kind, id, config string) string {
	p.t.Helper()
	response, err := p.plugin.Configure(deadline(p.t), &pluginv1.ConfigureRequest{Kind: kind, Id: id, ConfigJson: config})
	if err != nil {
		p.t.Fatal(err)
	}
	return response.GetInstanceId()
}

func (p *process) embed(instance string, items ...*affinisv1.EmbedItem) []*affinisv1.EmbedResult {
	p.t.Helper()
	request := &affinisv1.EmbedRequest{Embedder: "letters", Items: items}
	response, err := p.embedder.Embed(on(deadline(p.t), instance), request)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.GetResults()
}

func (p *process) score(instance, metric string, pairs ...*affinisv1.ScorePair) []*affinisv1.ScoreResult {
	p.t.Helper()
	response, err := p.metric.Score(on(deadline(p.t), instance), &affinisv1.ScoreRequest{Metric: metric, Pairs: pairs})
	if err != nil {
		p.t.Fatal(err)
	}
	return response.GetResults()
}

func on(ctx context.Context, instance string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, instanceKey, instance)
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// lockedBuffer is what a process wrote.
type lockedBuffer struct {
	mutex   sync.Mutex
	written *sync.Cond
	bytes   bytes.Buffer
}

func newLockedBuffer() *lockedBuffer {
	b := &lockedBuffer{}
	b.written = sync.NewCond(&b.mutex)
	return b
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	defer b.written.Broadcast()
	return b.bytes.Write(data)
}

// await returns once the text was written; go test's own limit ends a wait in vain.
func (b *lockedBuffer) await(text string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for !bytes.Contains(b.bytes.Bytes(), []byte(text)) {
		b.written.Wait()
	}
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.String()
}
