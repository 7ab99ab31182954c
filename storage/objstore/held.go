package objstore

import (
	"context"
	"sync"
)

// holds keep objects that are to be deleted until nobody copies them any more.
type holds struct {
	sync.Mutex
	count  int
	parked []string
}

// Hold keeps every object that is there: what is deleted meanwhile is deleted at release, of the last hold. A crash
// leaves such objects behind, as a crash before the Delete would have. It returns once no Delete is under way any more.
func (g *Guarded) Hold() (release func(ctx context.Context) error) {
	g.deleting.Lock() // one that has begun deletes what the caller has not listed yet
	defer g.deleting.Unlock()
	g.held.Lock()
	g.held.count++
	g.held.Unlock()
	var once sync.Once
	return func(ctx context.Context) (err error) {
		once.Do(func() { err = g.release(ctx) })
		return err
	}
}

func (g *Guarded) release(ctx context.Context) error {
	g.held.Lock()
	g.held.count--
	var keys []string
	if g.held.count == 0 {
		keys, g.held.parked = g.held.parked, nil
	}
	g.held.Unlock()
	for len(keys) > 0 {
		n := min(len(keys), 500) // bounds one request
		if err := g.Delete(ctx, keys[:n]...); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// Held counts the objects that are deleted once nobody holds them.
func (g *Guarded) Held() int {
	g.held.Lock()
	defer g.held.Unlock()
	return len(g.held.parked)
}

// park keeps keys for later; false = nobody holds them.
func (g *Guarded) park(keys []string) bool {
	g.held.Lock()
	defer g.held.Unlock()
	if g.held.count == 0 {
		return false
	}
	g.held.parked = append(g.held.parked, keys...)
	return true
}
