package quota

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/storage/meta"
)

// Quotas of all clients. Safe for concurrent use after Load.
type Quotas struct {
	store   meta.Store
	alter   sync.Mutex // one change at a time
	table   atomic.Pointer[table]
	buckets buckets
}

// New has no quotas until Load. It keeps count of at most clients at once.
func New(store meta.Store, clients int) *Quotas {
	q := &Quotas{store: store, buckets: buckets{byKey: map[bucketKey]*bucket{}, most: clients}}
	q.table.Store(&table{})
	return q
}

// Load reads the quotas that were stored.
func (q *Quotas) Load(ctx context.Context) error {
	t := table{}
	err := q.store.Read(ctx, func(s meta.Snapshot) (rowErr error) {
		to := bytes.Clone([]byte(prefix))
		to[len(to)-1]++
		err := s.Scan([]byte(prefix), to, func(key, value []byte, _ uint64) bool {
			var e Entity
			var r Rates
			if e, rowErr = parseKey(key); rowErr == nil {
				r, rowErr = parseRates(value)
			}
			t[e] = r
			return rowErr == nil
		})
		return cmp.Or(err, rowErr)
	})
	if err != nil {
		return fmt.Errorf("load client quotas: %w", err)
	}
	q.table.Store(&t)
	return nil
}

// Alter gives an entity the rates that change makes of those it has. It is durable on return; with
// validateOnly nothing changes. ErrTooMany if there is no place for one more entity.
func (q *Quotas) Alter(ctx context.Context, e Entity, change func(Rates) Rates, validateOnly bool) error {
	q.alter.Lock()
	defer q.alter.Unlock()
	before := *q.table.Load()
	old, known := before[e]
	rates := change(old)
	switch {
	case rates == old:
		return nil
	case !known && len(before) >= MaxEntities:
		return ErrTooMany
	case validateOnly:
		return nil
	}
	w := meta.Write{Key: rowKey(e)}
	after := maps.Clone(before)
	if rates == (Rates{}) {
		delete(after, e)
	} else {
		w.Value = appendRates(nil, rates)
		after[e] = rates
	}
	if err := q.store.Commit(ctx, meta.Txn{Writes: []meta.Write{w}}); err != nil {
		return fmt.Errorf("store a client quota: %w", err)
	}
	q.table.Store(&after)
	return nil
}

// List is all quotas, by entity.
func (q *Quotas) List() []Entry {
	t := *q.table.Load()
	out := make([]Entry, 0, len(t))
	for e, r := range t {
		out = append(out, Entry{e, r})
	}
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(compareNames(a.User, b.User), compareNames(a.Client, b.Client))
	})
	return out
}

func compareNames(a, b Name) int { return cmp.Or(cmp.Compare(a.Is, b.Is), cmp.Compare(a.Text, b.Text)) }

// Charge counts n bytes of a client and returns how long it has to wait before it goes on; 0 bytes
// ask for that alone.
func (q *Quotas) Charge(now time.Time, user, client string, d Direction, n int) time.Duration {
	t := *q.table.Load()
	if len(t) == 0 {
		return 0
	}
	e, rate := t.nearest(user, client, d)
	if rate == 0 {
		return 0
	}
	return q.buckets.charge(now, bucketKey{e.bucketOf(user, client), d}, bucketKey{e, d}, rate, n)
}

// Most is how many bytes a client should be given at once, max if it has no quota.
func (q *Quotas) Most(user, client string, d Direction, most int) int {
	t := *q.table.Load()
	if len(t) == 0 {
		return most
	}
	if _, rate := t.nearest(user, client, d); rate > 0 && rate < uint64(most) {
		return int(rate)
	}
	return most
}

// Clients is how many clients are kept count of.
func (q *Quotas) Clients() int { return q.buckets.count() }

// Entities is how many entities have quotas.
func (q *Quotas) Entities() int { return len(*q.table.Load()) }
