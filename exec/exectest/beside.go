package exectest

import "sync"

// beside is some shards that sort what operators keep, beside the goroutine that calls them.
type beside struct {
	free chan struct{}
	work sync.WaitGroup
}

// newBeside gives so many, nil for none.
func newBeside(shards int) *beside {
	if shards == 0 {
		return nil
	}
	return &beside{free: make(chan struct{}, shards)}
}

func (b *beside) end() {
	if b != nil {
		b.work.Wait()
	}
}

// Rows are few, so that little data is handed over.
func (b *beside) Rows() int { return 2 }

func (b *beside) Start(work func(breathe func() error)) bool {
	select {
	case b.free <- struct{}{}:
	default:
		return false
	}
	b.work.Go(func() {
		work(func() error { return nil })
		<-b.free
	})
	return true
}

func (b *beside) Wait(wait func()) { wait() }
