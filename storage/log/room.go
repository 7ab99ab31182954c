package log

import (
	"fmt"
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
)

// roomCheckEvery is how often the free space is asked for at most, and at least while records come.
const roomCheckEvery = time.Second

// FullError is ErrFull with its figures and, since there may be room later, ErrUnavailable.
type FullError struct{ Free, Reserve int64 }

func (e *FullError) Error() string {
	return fmt.Sprintf("%v: %d bytes are free, disk_reserve is %d: %v", ErrFull, e.Free, e.Reserve, ErrUnavailable)
}

func (e *FullError) Unwrap() []error { return []error{ErrFull, ErrUnavailable} }

// room refuses records while the disk has less left than its reserve, so that what is under way,
// snapshots, rolls and dropping things still have some: a store that meets the end of the disk
// stops. It looks once a second, and counts what was taken since as if it were written already.
type room struct {
	free    func() (int64, error) // nil = there is no disk to look at
	reserve int64
	clock   clock.Clock

	mu struct {
		sync.Mutex
		looked time.Time
		left   int64 // free space then
		taken  int64 // since
		full   bool
	}
}

// take says whether so many bytes of records may come. Its error is a FullError.
func (r *room) take(bytes int64, refused func(full bool)) error {
	if r.free == nil || r.reserve <= 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.clock.Now(); r.mu.looked.IsZero() || now.Sub(r.mu.looked) >= roomCheckEvery {
		left, err := r.free()
		if err != nil {
			return nil // why: who cannot tell does not stop the log; the disk itself will
		}
		r.mu.left, r.mu.taken, r.mu.looked = left, 0, now
	}
	least := r.reserve
	if r.mu.full {
		least += r.reserve / 16 // so that it does not go to and fro
	}
	full := r.mu.left-r.mu.taken-bytes < least
	if full != r.mu.full {
		r.mu.full = full
		refused(full)
	}
	if full {
		return &FullError{Free: r.mu.left, Reserve: r.reserve}
	}
	r.mu.taken += bytes
	return nil
}

// noRoom is what entries are told whose commit or upload met the end of the disk.
func (db *DB) noRoom(err error) error {
	db.stats.refusedFull.Add(1)
	return fmt.Errorf("%w: %w: %w", ErrFull, ErrUnavailable, err)
}

// isFull tells whether records were refused last.
func (r *room) isFull() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.full
}
