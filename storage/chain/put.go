package chain

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tributary-db/tributary/storage/objstore"
)

const (
	// attemptsAtOnce: an attempt that takes long goes on beside the next one, then is given up.
	attemptsAtOnce = 2
	// attemptRate is what an attempt is expected to move in a second, beside AttemptTimeout.
	attemptRate = 16 << 20
	// tellEvery is how often it is said that the object store takes nothing.
	tellEvery = 10 * time.Second
)

// putNext puts l as the next link, which it is on success. It tries until it knows: objstore.ErrFenced when the number
// is another writer's; objstore.ErrFull when nothing was written for want of room; else only the end of ctx
// ends it, and the link may be there.
func (s *Store) putNext(ctx context.Context, l *Link) error {
	var random [8]byte
	if _, err := io.ReadFull(s.cfg.Rand, random[:]); err != nil {
		return err
	}
	l.Number, l.Before, l.Timeline, l.Newest = s.at.Number+1, s.at.Sum, s.cfg.Timeline, s.newest
	l.TimeMillis, l.Random = s.cfg.Clock.Now().UnixMilli(), binary.LittleEndian.Uint64(random[:])
	p := &putting{s: s, key: linkKey(l.Number), data: l.encode(), results: make(chan error, attemptsAtOnce+1)}
	err := p.run(ctx)
	s.stats.failing.Store(false)
	if err != nil {
		return err
	}
	s.at = l.Position
	s.newestLink.Store(&Mark{Position: l.Position, Timeline: l.Timeline, Newest: l.Newest, TimeMillis: l.TimeMillis})
	s.wakeMarks()
	s.stats.number.Store(int64(l.Number))
	s.stats.links.Add(1)
	s.stats.bytes.Add(int64(len(p.data)))
	s.sinceNum++
	s.sinceLen += int64(len(p.data))
	return nil
}

// putting is one link on its way. All attempts carry the same bytes to the same name, if it is absent: what is there
// is ours if it has our bytes, whichever attempt brought it.
type putting struct {
	s       *Store
	key     string
	data    []byte
	results chan error // of attempts; there is room for all
	cancels []context.CancelFunc
	running int
	unsure  bool // an attempt may have written
}

var errAgain = errors.New("outcome of the attempt is not known")

func (p *putting) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	clock := p.s.cfg.Clock
	patience := p.s.cfg.AttemptTimeout + time.Duration(len(p.data))*time.Second/attemptRate
	began, told := clock.Now(), time.Duration(0)
	p.attempt(ctx)
	late := clock.After(patience)
	var again <-chan time.Time
	for delay := 10 * time.Millisecond; ; {
		select {
		case err := <-p.results:
			p.running--
			if err == nil || errors.Is(err, objstore.ErrFenced) || errors.Is(err, objstore.ErrFull) && !p.unsure && p.running == 0 {
				return err
			}
			p.unsure = p.unsure || errors.Is(err, errAgain)
			if since := clock.Now().Sub(began); since-told >= tellEvery {
				told = since
				p.s.stats.failing.Store(true)
				p.s.cfg.Logger.Warn("the object store does not take the metadata: writes wait for it", "object", p.key, "seconds", int(since.Seconds()), "error", err)
			}
			if p.running == 0 && again == nil {
				again = clock.After(delay)
				delay = min(2*delay, time.Second)
			}
		case <-again:
			again = nil
			p.attempt(ctx)
			late = clock.After(patience)
		case <-late:
			if again == nil {
				p.attempt(ctx)
			}
			late = clock.After(patience)
		case <-ctx.Done():
			return fmt.Errorf("put %s: %w", p.key, ctx.Err())
		}
	}
}

// attempt starts another one, and gives the oldest up when there are too many.
func (p *putting) attempt(ctx context.Context) {
	if p.running >= attemptsAtOnce {
		p.cancels[0]()
		p.cancels = p.cancels[1:]
	}
	ctx, cancel := context.WithCancel(ctx)
	p.cancels = append(p.cancels, cancel)
	p.running++
	p.s.stats.attempts.Add(1)
	go func() { // ends with its request, which ctx bounds
		defer cancel()
		p.report(ctx, p.try(ctx))
	}()
}

// report: an attempt that was given up after putting has ended has nobody to tell.
func (p *putting) report(ctx context.Context, err error) {
	select {
	case p.results <- err:
	case <-ctx.Done():
		select {
		case p.results <- err:
		default:
		}
	}
}

func (p *putting) try(ctx context.Context) error {
	objects := p.s.cfg.Objects
	_, err := objects.Put(ctx, p.key, [][]byte{p.data}, objstore.Condition{IfAbsent: true})
	switch {
	case err == nil, errors.Is(err, objstore.ErrFull):
		return err
	case !errors.Is(err, objstore.ErrUnknown) && !errors.Is(err, objstore.ErrPrecondition) && ctx.Err() == nil:
		return fmt.Errorf("%w: %w", errAgain, err)
	}
	there := make([]byte, linkHeaderSize)
	n, readErr := objects.GetRange(ctx, p.key, 0, there)
	if readErr != nil {
		return fmt.Errorf("%w: %w", errAgain, err)
	}
	if n == len(there) && string(there) == string(p.data[:linkHeaderSize]) {
		return nil
	}
	return fmt.Errorf("%w: object %s is another writer's", objstore.ErrFenced, p.key)
}
