package objstore

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
)

// Patient asks again when a read meets an error that may pass, with growing pauses, so that a
// store that is away for seconds is a delay to those above and no failure. Writes are passed on:
// what may have happened is for the caller to resolve.
type Patient struct {
	Store
	clock    clock.Clock
	limit    time.Duration
	patience time.Duration // 0 = attempts are not bounded
	retries  atomic.Int64
	hedges   atomic.Int64
}

var _ Store = (*Patient)(nil)

const (
	firstPause = 50 * time.Millisecond
	mostPause  = 2 * time.Second
)

// NewPatient wraps s; a read gives up once its attempts have gone on for limit, or its context
// ends. A read of a range that takes longer than patience, a second for each 16 MiB apart, gets a second
// attempt beside it, and both are given up after three times that; 0 = an attempt takes what it
// takes. Closing it closes s.
func NewPatient(s Store, c clock.Clock, limit, patience time.Duration) *Patient {
	return &Patient{Store: s, clock: c, limit: limit, patience: patience}
}

// Close closes the wrapped store.
func (p *Patient) Close() error { return Close(p.Store) }

// Retries since the start.
func (p *Patient) Retries() int64 { return p.retries.Load() }

// Hedges are the attempts since the start that were made because one took too long.
func (p *Patient) Hedges() int64 { return p.hedges.Load() }

// mayPass: neither an answer nor the caller's own end.
func mayPass(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() == nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrRange) && !errors.Is(err, ErrPrecondition)
}

// again runs read until it is answered.
func (p *Patient) again(ctx context.Context, read func() error) error {
	began := p.clock.Now()
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		err := read()
		if !mayPass(ctx, err) || p.clock.Now().Sub(began)+pause > p.limit {
			return err
		}
		p.retries.Add(1)
		select {
		case <-p.clock.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// GetRange implements Store.
func (p *Patient) GetRange(ctx context.Context, key string, off int64, dst []byte) (n int, err error) {
	if err := CheckKey(key); err != nil {
		return 0, err
	}
	read := p.Store.GetRange
	if p.patience > 0 {
		read = p.hedged
	}
	err = p.again(ctx, func() (err error) { n, err = read(ctx, key, off, dst); return err })
	return n, err
}

// Stat implements Store.
func (p *Patient) Stat(ctx context.Context, key string) (info ObjectInfo, err error) {
	if err := CheckKey(key); err != nil {
		return ObjectInfo{}, err
	}
	err = p.again(ctx, func() (err error) { info, err = p.Store.Stat(ctx, key); return err })
	return info, err
}

// List implements Store; after an error it goes on behind what it gave last.
func (p *Patient) List(ctx context.Context, prefix, after string) iter.Seq2[ObjectInfo, error] {
	return func(yield func(ObjectInfo, error) bool) {
		stopped := false
		err := p.again(ctx, func() error {
			for info, err := range p.Store.List(ctx, prefix, after) {
				if err != nil {
					return err
				}
				after = info.Key
				if stopped = !yield(info, nil); stopped {
					return nil
				}
			}
			return nil
		})
		if err != nil && !stopped {
			yield(ObjectInfo{}, err)
		}
	}
}
