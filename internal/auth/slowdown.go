package auth

import (
	"context"
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
	// maxWaiting bounds the attempts of one address that wait; a further one is refused unheard.
	// With maxWait it is what one address can guess: five passwords a second.
	maxWaiting = 16
	// forgetEvery takes one failure off; no more than maxFailures are remembered.
	forgetEvery = time.Second
	maxFailures = 60
	// maxAddresses bounds the table; what does not fit shares one entry.
	maxAddresses = 4096
)

var errTooMany = sqlerr.New(sqlerr.TooManyConnections, "too many failed logins from this address")

// slowdown makes addresses wait from which attempts failed. Its zero value is ready.
type slowdown struct {
	mu      sync.Mutex
	peers   map[netip.Prefix]*peer
	swept   time.Time
	surplus peer // of all addresses beyond maxAddresses
}

// peer is an address that failed. Its failures drain away with time.
type peer struct {
	failures float64
	at       time.Time
	waiting  int
}

// wait sleeps as long as the address has to before its next attempt.
func (s *slowdown) wait(ctx context.Context, c clock.Clock, address string) error {
	p, d, err := s.enter(c.Now(), address)
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
func (s *slowdown) enter(now time.Time, address string) (*peer, time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.findLocked(prefixOf(address))
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

func (s *slowdown) failed(now time.Time, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	prefix := prefixOf(address)
	s.sweepLocked(now)
	p := s.findLocked(prefix)
	if p == nil {
		if s.peers == nil {
			s.peers = map[netip.Prefix]*peer{}
		}
		p = &peer{at: now}
		s.peers[prefix] = p
	}
	p.drain(now)
	p.failures = min(p.failures+1, maxFailures)
}

// findLocked is the entry of an address, nil for one that has not failed.
//
// REQUIRES: s.mu held.
func (s *slowdown) findLocked(address netip.Prefix) *peer {
	if p := s.peers[address]; p != nil {
		return p
	}
	if len(s.peers) >= maxAddresses {
		return &s.surplus
	}
	return nil
}

// sweepLocked takes the forgotten addresses out of a full table.
//
// REQUIRES: s.mu held.
func (s *slowdown) sweepLocked(now time.Time) {
	if len(s.peers) < maxAddresses || now.Sub(s.swept) < forgetEvery {
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
