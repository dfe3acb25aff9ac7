package plugin

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	pluginv1 "github.com/affinis/affinis/clients/go/gen/affinis/plugin/v1"
)

// The rules of docs/plugin-contract.md, by their numbers, on a process that is started as a host starts it.

func TestLaunch(t *testing.T) {
	t.Run("L2 ends with standard input, calls in flight included", func(t *testing.T) {
		p := launch(t)
		instance := p.configure(embedderKind, "letters", "")
		hanging := hang(p, instance, "deaf")
		p.stdin.Close()
		if code := p.ended(5 * time.Second); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		if err := <-hanging; status.Code(err) != codes.Unavailable {
			t.Fatalf("the call in flight ended with %v", err)
		}
	})

	t.Run("L3 what it prints changes nothing, nor does a reader that went away", func(t *testing.T) {
		p := launch(t)
		instance := p.configure(embedderKind, "letters", "")
		quiet := p.embed(instance, text("chatter"))[0]
		p.stdout.Close()
		for range 3 {
			if again := p.embed(instance, text("chatter"))[0]; !proto.Equal(again.GetEmbedding(), quiet.GetEmbedding()) {
				t.Fatal("another answer")
			}
		}
	})

	t.Run("L4 is healthy", func(t *testing.T) {
		p := launch(t)
		response, err := p.health.Check(deadline(t), &grpc_health_v1.HealthCheckRequest{})
		if err != nil || response.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Fatal(response, err)
		}
	})

	t.Run("L5 ends with code 0 after the calls in flight, though its health is watched", func(t *testing.T) {
		p := launch(t)
		instance := p.configure(embedderKind, "letters", "")
		watch, err := p.health.Watch(deadline(t), &grpc_health_v1.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := watch.Recv(); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if _, err := p.plugin.Shutdown(deadline(t), &pluginv1.ShutdownRequest{}); err != nil {
			t.Fatal(err)
		}
		if code := p.ended(5 * time.Second); code != 0 || time.Since(begun) > graceForCalls {
			t.Fatalf("exit code %d after %s", code, time.Since(begun))
		}
		if !strings.Contains(p.stderr.String(), "letters closed") {
			t.Fatalf("instance %s was not closed:\n%s", instance, p.stderr)
		}
	})

	t.Run("L5 within five seconds, though a call hangs", func(t *testing.T) {
		p := launch(t)
		hang(p, p.configure(embedderKind, "letters", ""), "deaf")
		if _, err := p.plugin.Shutdown(deadline(t), &pluginv1.ShutdownRequest{}); err != nil {
			t.Fatal(err)
		}
		if code := p.ended(5 * time.Second); code != 0 {
			t.Fatalf("exit code %d", code)
		}
	})

	t.Run("ends on SIGTERM, not on SIGINT", func(t *testing.T) {
		p := launch(t)
		p.configure(metricKind, "minkowski", "")
		_ = p.cmd.Process.Signal(syscall.SIGINT)
		p.configure(metricKind, "minkowski", "")
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		if code := p.ended(5 * time.Second); code != 0 {
			t.Fatalf("exit code %d", code)
		}
	})

	t.Run("L6 says what it is", func(t *testing.T) {
		p := start(t)
		if code := p.ended(5 * time.Second); code != 2 || !strings.Contains(p.stderr.String(), "obedient 1.2.3 is a plugin of Affinis") {
			t.Fatalf("exit code %d: %s", code, p.stderr)
		}
	})

	t.Run("L7 logs one line an event at the level asked for, without samples", func(t *testing.T) {
		p := launch(t, "AFFINIS_LOG_LEVEL=error")
		p.embed(p.configure(embedderKind, "letters", ""), text("panic"))
		rogues := p.configure(metricKind, "rogue", "")
		p.score(rogues, "rogue", pair([]float32{2, 31337.25}, []float32{1, 1}))
		p.stdin.Close()
		p.ended(5 * time.Second)
		lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(p.stderr.String(), "letters closed\n", "")), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], "level=ERROR") || strings.Contains(p.stderr.String(), "31337") {
			t.Fatalf("%s", p.stderr)
		}
	})

	t.Run("L1 binds what it is told, and says so where it cannot", func(t *testing.T) {
		stale := filepath.Join(t.TempDir(), "p.sock")
		left, err := net.Listen("unix", stale)
		if err != nil {
			t.Fatal(err)
		}
		left.(*net.UnixListener).SetUnlinkOnClose(false)
		left.Close()
		p := start(t, "AFFINIS_PLUGIN=1", "AFFINIS_ENDPOINT=unix://"+stale)
		t.Cleanup(func() { p.stdin.Close() })
		for connected := false; !connected; {
			conn, err := net.Dial("unix", stale)
			if connected = err == nil; connected {
				conn.Close()
			}
		}
		for _, endpoint := range []string{"", "tcp://127.0.0.1:1", "unix:///nowhere/at/all/p.sock"} {
			p := start(t, "AFFINIS_PLUGIN=1", "AFFINIS_ENDPOINT="+endpoint)
			if code := p.ended(5 * time.Second); code != 1 || !strings.Contains(p.stderr.String(), "endpoint cannot be bound") {
				t.Fatalf("%q: exit code %d: %s", endpoint, code, p.stderr)
			}
		}
	})
}
