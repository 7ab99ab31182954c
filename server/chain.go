package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/server/httpd"
	"github.com/tributary-db/tributary/storage/chain"
	"github.com/tributary-db/tributary/storage/meta"
)

// openChain puts the chain of the object store before the metadata, with durability = object; without, it ends one
// that is there.
func (s *Server) openChain(ctx context.Context, found *findings, store *meta.PebbleStore, id identity) error {
	chained := s.cfg.Durability == config.DurabilityObject
	if !chained && !found.chained {
		return nil
	}
	c, err := chain.Open(ctx, chain.Config{
		Inner: store, Objects: s.objects, Timeline: id.timeline(), Clock: s.clock, Rand: rand.Reader, Logger: s.logger,
		AttemptTimeout: s.cfg.ObjectAttemptTimeout, Lost: s.lostChain,
	})
	if errors.Is(err, chain.ErrCorrupt) {
		return fmt.Errorf("metadata in %s: %w; move it away and make it anew with tributary recover", s.metaPath(), err)
	}
	var gap *chain.Gap
	if errors.As(err, &gap) {
		return fmt.Errorf("%w; bring it back, or move %s away and go on with what is before it with tributary recover", gap, s.metaPath())
	}
	if err != nil {
		return fmt.Errorf("open the chain of the metadata: %w", err)
	}
	if !chained {
		s.logger.Warn("durability = local: from here on the object store alone is not enough to recover from")
		return c.End(ctx)
	}
	s.meta, s.chain = c, c
	return nil
}

// lostChain ends the server: another one has the chain, and so the object store.
func (s *Server) lostChain(err error) {
	s.logger.Error("another server writes to this object store; nothing is acknowledged any more", "error", err)
	if s.claimed != nil {
		s.claimed.Lose(err)
	}
}

func (s *Server) chainMetrics() []prometheus.Collector {
	stats := func() chain.Stats {
		if s.chain == nil { // durability = local
			return chain.Stats{}
		}
		return s.chain.Stats()
	}
	c := func(name, help string, read func(chain.Stats) int64) prometheus.Collector {
		return httpd.Counter("tributary_chain_"+name, help, func() float64 { return float64(read(stats())) })
	}
	g := func(name, help string, read func(chain.Stats) int64) prometheus.Collector {
		return httpd.Gauge("tributary_chain_"+name, help, func() float64 { return float64(read(stats())) })
	}
	return []prometheus.Collector{
		c("links_total", "Objects that made commits and other metadata durable (durability = object).", func(st chain.Stats) int64 { return st.Links }),
		c("bytes_total", "Bytes of those objects.", func(st chain.Stats) int64 { return st.Bytes }),
		c("attempts_total", "Requests that writing them took.", func(st chain.Stats) int64 { return st.Attempts }),
		c("writes_total", "Commits and other writes of metadata that they carry.", func(st chain.Stats) int64 { return st.Writes }),
		c("bases_total", "Times all of the metadata was written to the object store.", func(st chain.Stats) int64 { return st.Bases }),
		c("marks_total", "Times the newest of those objects was marked, so that it is missed if it goes.", func(st chain.Stats) int64 { return st.Marks }),
		g("behind_base", "Objects that a recovery reads behind the newest of those.", func(st chain.Stats) int64 { return st.BehindBase }),
		g("waiting", "Writes of metadata that wait for the object store.", func(st chain.Stats) int64 { return st.Waiting }),
		g("failing", "1 while the object store has taken nothing for 10 s though something waits.", func(st chain.Stats) int64 {
			if st.Failing {
				return 1
			}
			return 0
		}),
	}
}
