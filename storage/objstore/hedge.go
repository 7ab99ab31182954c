package objstore

import (
	"context"
	"errors"
	"time"
)

// errSlow: no attempt of a read was answered in its time.
var errSlow = errors.New("the object store does not answer")

// hedgeRate is what an attempt of a read is expected to bring in a second, beside its patience.
const hedgeRate = 16 << 20

// readAttempt is one of the reads that run side by side for one answer.
type readAttempt struct {
	n    int
	err  error
	data []byte // its own; nil for the first, which reads into the caller's
}

// hedged reads once and, when that takes longer than expected, once more beside it; the first answer
// counts. When both take too long they are given up, and errSlow tells that nothing is known.
//
//	first  ├──── patience ────┤────────────────┤ given up
//	second                    ├──► answer           the first is cancelled, and waited for
func (p *Patient) hedged(ctx context.Context, key string, off int64, dst []byte) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan readAttempt, 2)
	read := func(a readAttempt, into []byte) {
		a.n, a.err = p.Store.GetRange(ctx, key, off, into)
		results <- a
	}
	go read(readAttempt{}, dst)
	patience := p.patience + time.Duration(len(dst))*time.Second/hedgeRate
	var answer readAttempt
	select {
	case answer = <-results:
		return answer.n, answer.err
	case <-p.clock.After(patience):
	}
	p.hedges.Add(1)
	own := make([]byte, len(dst))
	go read(readAttempt{data: own}, own)
	late := p.clock.After(2 * patience)
	running := 2
	for again := true; again && running > 0; {
		select {
		case answer = <-results:
			running--
			again = mayPass(ctx, answer.err) // the other one may still be answered
		case <-late:
			answer, again = readAttempt{err: errSlow}, false
		}
	}
	cancel()
	// why: dst is the first attempt's until it has ended.
	for ; running > 0; running-- {
		<-results
	}
	if answer.err == nil && answer.data != nil {
		copy(dst, answer.data[:answer.n])
	}
	return answer.n, answer.err
}
