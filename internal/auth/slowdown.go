package auth

import (
	"context"
	"hash/maphash"
	"math"
	"net/netip"
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

const (
	// freeFailures cost nothing: people mistype, pools open several connections at once.
	freeFailures = 5
	// firstWait doubles with every further failure up to maxWait.
	firstWait = 100 * time.Millisecond
	maxWait   = 3200 * time.Millisecond
	// maxWaiting bounds the attempts of one address for one role that wait; a further one is refused unheard.
	// With maxWait it is what one address can guess: five passwords of a role a second.
	maxWaiting = 16
	// forgetEvery takes one failure off; no more than maxFailures are remembered.
	forgetEvery = time.Second
	maxFailures = 60
	// maxOrigins bounds the table; what does not fit shares one entry.
	maxOrigins = 16384
	// nameGroups are what the names of roles are put into by a hash that nobody can foresee: an address has so many entries at most, whatever names it makes up,
	// and roles that exist are treated as those that do not.
	nameGroups = 64
)

var errTooMany = sqlerr.New(sqlerr.TooManyConnections, "too many failed logins from this address")

// slowdown makes addresses wait from which attempts for a role failed; who logs in from there as another does not, behind a pooler for instance. Its zero value is ready.
type slowdown struct {
	mu      sync.Mutex
	peers   map[origin]*peer
	seed    maphash.Seed // of names, made with peers
	swept   time.Time
	surplus peer // of all addresses beyond maxOrigins
}

// origin is whose failures count together.
type origin struct {
	network netip.Prefix
	names   uint8
}

// peer is an origin that failed. Its failures drain away with time.
type peer struct {
	failures float64
	at       time.Time
	waiting  int
}

// wait sleeps as long as the address has to before its next attempt.
func (s *slowdown) wait(ctx context.Context, c clock.Clock, address, name string) error {
	p, d, err := s.enter(c.Now(), address, name)
	if p == nil {
		return err
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		p.waiting--
	}()
	select {
	case <-c.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enter returns the entry to wait on, nil when nothing is to be waited for.
func (s *slowdown) enter(now time.Time, address, name string) (*peer, time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.findLocked(s.originLocked(address, name))
	if p == nil {
		return nil, 0, nil
	}
	p.drain(now)
	over := p.failures - freeFailures
	if over <= 0 {
		return nil, 0, nil
	}
	if p.waiting >= maxWaiting {
		return nil, 0, errTooMany
	}
	p.waiting++
	return p, min(maxWait, time.Duration(float64(firstWait)*math.Exp2(min(over, 10)-1))), nil
}

func (s *slowdown) failed(now time.Time, address, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := s.originLocked(address, name)
	s.sweepLocked(now)
	p := s.findLocked(from)
	if p == nil {
		p = &peer{at: now}
		s.peers[from] = p
	}
	p.drain(now)
	p.failures = min(p.failures+1, maxFailures)
}

// originLocked is where an attempt comes from.
//
// REQUIRES: s.mu held.
func (s *slowdown) originLocked(address, name string) origin {
	if s.peers == nil {
		s.peers, s.seed = map[origin]*peer{}, maphash.MakeSeed()
	}
	return origin{prefixOf(address), uint8(maphash.String(s.seed, name) % nameGroups)}
}

// findLocked is the entry of an origin, nil for one that has not failed.
//
// REQUIRES: s.mu held.
func (s *slowdown) findLocked(from origin) *peer {
	if p := s.peers[from]; p != nil {
		return p
	}
	if len(s.peers) >= maxOrigins {
		return &s.surplus
	}
	return nil
}

// sweepLocked takes the forgotten addresses out of a full table.
//
// REQUIRES: s.mu held.
func (s *slowdown) sweepLocked(now time.Time) {
	if len(s.peers) < maxOrigins || now.Sub(s.swept) < forgetEvery {
		return
	}
	s.swept = now
	for a, p := range s.peers {
		if p.drain(now); p.failures == 0 && p.waiting == 0 {
			delete(s.peers, a)
		}
	}
}

func (p *peer) drain(now time.Time) {
	if gone := now.Sub(p.at); gone > 0 {
		p.failures = max(0, p.failures-gone.Seconds()/forgetEvery.Seconds())
		p.at = now
	}
}

// prefixOf is whose failures count together: one IPv4 address, or the /64 that one IPv6
// customer has.
func prefixOf(address string) netip.Prefix {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{} // a unix socket: they all count together
	}
	bits := 32
	if a = a.Unmap().WithZone(""); a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // bits fit the address
	return p
}
