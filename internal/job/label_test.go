package job

import (
	"runtime/pprof"
	"strings"
	"testing"
)

// TestLabel: a goroutine and what it starts are found by their labels.
func TestLabel(t *testing.T) {
	started, stop := make(chan struct{}), make(chan struct{})
	defer close(stop)
	go func() {
		Label("test", "of", "this")
		go func() {
			close(started)
			<-stop
		}()
		<-stop
	}()
	<-started
	var b strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), `labels: {"job":"test", "of":"this"}`); n != 2 {
		t.Errorf("%d of two groups of goroutines have the labels:\n%s", n, b.String())
	}
}
