package faults_test

import (
	"errors"
	"fmt"
	"sync"

	"github.com/tributary-db/tributary/storage/objstore"
)

// way is how an effect ends.
type way int

const (
	before  way = iota // it does not take place, and nothing after it
	after              // it takes place, durably, and nothing after it
	torn               // half of it takes place, durably, and nothing after it
	lost               // it takes place, and its answer is an error
	refused            // it does not, and its answer is an error
	ways
)

func (w way) String() string {
	return [...]string{"before", "after", "torn", "answer lost", "refused"}[w]
}

var (
	errGone = errors.New("the process has ended")
	errLost = fmt.Errorf("%w: the answer is lost", objstore.ErrUnknown)
	errNot  = errors.New("refused")
)

// power numbers the effects of a process and ends it at one of them.
type power struct {
	at  int // 0 = never
	way way

	mu    sync.Mutex
	count int
	what  string        // the effect that was hit
	gone  chan struct{} // closed with the process
	off   bool
}

func newPower(at int, way way) *power { return &power{at: at, way: way, gone: make(chan struct{})} }

// effect is what one does: do, kept (so that it outlasts a power cut; nil = do), half (what a torn one leaves durably; nil =
// nothing).
type effect struct {
	what           string
	do, kept, half func() error
}

// run has the effect take place, or not. The error says what its caller is told.
func (p *power) run(e effect) error {
	p.mu.Lock()
	if p.off {
		p.mu.Unlock()
		return errGone
	}
	p.count++
	if p.count != p.at {
		p.mu.Unlock()
		return e.do()
	}
	defer p.mu.Unlock() // nothing else takes place meanwhile
	p.what = e.what
	if p.way <= torn {
		p.off = true
		defer close(p.gone)
	}
	switch p.way {
	case before:
		return errGone
	case after:
		if e.kept != nil {
			_ = e.kept() // nobody is there to be told
		} else {
			_ = e.do()
		}
		return errGone
	case torn:
		if e.half != nil {
			_ = e.half()
		}
		return errGone
	case lost:
		if err := e.do(); err != nil {
			return err
		}
		return errLost
	default:
		return errNot
	}
}

// effects so far.
func (p *power) effects() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

func (p *power) hit() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.what
}

// end is the end of the process without an effect.
func (p *power) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.off {
		p.off = true
		close(p.gone)
	}
}

// next is the power of the process that follows this one, which has ended.
func (p *power) next() *power {
	p.end()
	n := newPower(p.at-p.count, p.way)
	if p.at <= p.count {
		n.at, n.what = 0, p.what
	}
	return n
}
