package plugin

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
)

const instanceKey = "affinis-instance"

// instance is a configured component.
type instance struct {
	id        string
	component component
	// author is a Metric or an Embedder, by the component's kind.
	author      any
	description Description

	calls  sync.RWMutex // held for reading by calls in flight, for writing to close
	closed bool
}

// instances of a process, by id.
type instances struct {
	mutex sync.Mutex
	byID  map[string]*instance
	made  int
}

func newInstances() *instances { return &instances{byID: map[string]*instance{}} }

// add gives the instance its id.
func (all *instances) add(i *instance) string {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	all.made++
	i.id = fmt.Sprintf("%s-%d", i.component.id, all.made)
	all.byID[i.id] = i
	return i.id
}

func (all *instances) get(id string) (*instance, error) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	if found, ok := all.byID[id]; ok {
		return found, nil
	}
	return nil, notFound("no instance %q; configure one first", id)
}

// use gives the instance that a call names in its metadata; release it when the call ends.
func (all *instances) use(ctx context.Context, wanted kind, component string) (*instance, func(), error) {
	named := metadata.ValueFromIncomingContext(ctx, instanceKey)
	if len(named) == 0 {
		return nil, nil, notFound("the call names no instance; send its id as metadata %q", instanceKey)
	}
	found, err := all.get(named[0])
	if err != nil {
		return nil, nil, err
	}
	if found.component.kind != wanted || found.component.id != component {
		return nil, nil, notFound("instance %q is not one of %q", found.id, component)
	}
	found.calls.RLock()
	if found.closed {
		found.calls.RUnlock()
		return nil, nil, notFound("instance %q is disposed of", found.id)
	}
	return found, found.calls.RUnlock, nil
}

// dispose takes an instance away at once and closes it after its calls in flight. Unknown ids are no error.
func (all *instances) dispose(id string) {
	all.mutex.Lock()
	found, ok := all.byID[id]
	delete(all.byID, id)
	all.mutex.Unlock()
	if ok {
		go found.close()
	}
}

// closeAll waits until every instance is closed.
func (all *instances) closeAll() {
	all.mutex.Lock()
	rest := all.byID
	all.byID = map[string]*instance{}
	all.mutex.Unlock()
	var group sync.WaitGroup
	for _, i := range rest {
		group.Add(1)
		go func() {
			defer group.Done()
			i.close()
		}()
	}
	group.Wait()
}

func (i *instance) close() {
	i.calls.Lock()
	defer i.calls.Unlock()
	i.closed = true
	if err := closeAuthor(i.author); err != nil {
		slog.Error("closing an instance failed", "instance", i.id, "error", err)
	}
}

func closeAuthor(author any) error {
	closer, ok := author.(io.Closer)
	if !ok {
		return nil
	}
	_, err := guarded(func() (struct{}, error) { return struct{}{}, closer.Close() })
	return err
}

func notFound(format string, arguments ...any) error {
	return &Error{Code: codes.NotFound, Message: "[plugin] " + fmt.Sprintf(format, arguments...)}
}
