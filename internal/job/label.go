package job

import (
	"context"
	"runtime/pprof"
)

// Label names the goroutine that calls it, and all that it starts from here on. Pairs are further
// labels and their values.
func Label(name string, pairs ...string) {
	labels := pprof.Labels(append([]string{"job", name}, pairs...)...)
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), labels))
}
