package log

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/segment"
)

const (
	// attemptsAtOnce: an attempt that takes long goes on beside the next one, then is given up.
	attemptsAtOnce = 2
	// attemptRate is what an attempt is expected to move in a second, beside AttemptTimeout.
	attemptRate = 16 << 20
)

// putting is one segment on its way to the object store, under a name of its own.
//
//	attempt 1 ├──────────────┤ given up
//	attempt 2        ├──────────────┤          the first that is known to be there ends all
//	attempt 3               ├───────► there
//
// All attempts carry the same bytes to the same name, if it is absent: whichever arrives, what is
// there can only be ours, so an unknown outcome is resolved by the name.
type putting struct {
	db      *DB
	ctx     context.Context // ends with putObject
	key     string
	built   *segment.Built
	results chan error
	cancels []context.CancelFunc // of attempts under way, oldest first
	running int
}

// errAgain: the attempt's outcome is not known, or nothing was written.
var errAgain = errors.New("outcome of the attempt is not known")

func (db *DB) putObject(ctx context.Context, key string, built *segment.Built) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &putting{db: db, ctx: ctx, key: key, built: built, results: make(chan error)}
	patience := db.limits.AttemptTimeout + time.Duration(built.Size)*time.Second/attemptRate
	p.attempt()
	late := db.clock.After(patience)
	var again <-chan time.Time
	for delay := 10 * time.Millisecond; ; {
		select {
		case err := <-p.results:
			p.running--
			if err == nil {
				db.stats.uploads.Add(1)
				db.stats.uploadBytes.Add(built.Size)
			}
			if !errors.Is(err, errAgain) {
				return err
			}
			if p.running == 0 {
				again = db.clock.After(delay)
				delay = min(2*delay, time.Second)
			}
		case <-again:
			again = nil
			p.attempt()
			late = db.clock.After(patience)
		case <-late:
			if again == nil {
				db.stats.hedges.Add(1)
				p.attempt()
			}
			late = db.clock.After(patience)
		case <-ctx.Done():
			return fmt.Errorf("put %s: %w", key, ctx.Err())
		}
	}
}

// attempt starts another one, and gives the oldest up when there are too many.
func (p *putting) attempt() {
	if len(p.cancels) == attemptsAtOnce {
		p.cancels[0]()
		p.cancels = p.cancels[1:]
	}
	ctx, cancel := context.WithCancel(p.ctx)
	p.cancels = append(p.cancels, cancel)
	p.running++
	p.db.stats.uploadAttempts.Add(1)
	p.db.goroutines.Go(func() {
		defer cancel()
		err := p.try(ctx)
		select {
		case p.results <- err:
		case <-p.ctx.Done():
		}
	})
}

func (p *putting) try(ctx context.Context) error {
	objects := p.db.cfg.Objects
	_, err := objects.Put(ctx, p.key, p.built.Parts, objstore.Condition{IfAbsent: true})
	if ctx.Err() != nil && err != nil {
		return errAgain // given up: the next attempt finds what it left
	}
	if !errors.Is(err, objstore.ErrUnknown) && !errors.Is(err, objstore.ErrPrecondition) {
		return err
	}
	there, err := objects.Stat(ctx, p.key)
	if err != nil {
		return errAgain // not there, or not known: put the same name again
	}
	if there.Size != p.built.Size {
		return fmt.Errorf("%w: object %s has %d bytes, wrote %d", ErrCorrupt, p.key, there.Size, p.built.Size)
	}
	return nil
}
