package plugin

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/affinis/affinis/clients/go/core"
)

// forEach works on 0 to n-1, as many at once as there are processors, until the context ends.
func forEach(ctx context.Context, n int, work func(index int)) error {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		group.Add(1)
		go func() {
			defer group.Done()
			for ctx.Err() == nil {
				index := int(next.Add(1)) - 1
				if index >= n {
					return
				}
				work(index)
			}
		}()
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return core.FromError(err)
	}
	return nil
}
