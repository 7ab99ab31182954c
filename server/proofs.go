package server

import (
	"context"
	"time"

	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
)

// proofRest is the least time between two proofs.
const proofRest = time.Second

// keepProofs writes beside the metadata how far the log is durable, at most once a second, never
// while nothing is committed, and at a stop in order.
func (s *Server) keepProofs(ctx context.Context) error {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() { // ends with the log, or with cancel
		defer close(done)
		job.Label("proofs")
		for last := log.CommitSeq(0); ; {
			now, err := s.log.Wait(ctx, log.Filter{}, last)
			if err != nil {
				return
			}
			if err := s.prove(now); err != nil {
				s.logger.Warn("no proof of how far the log goes could be written", "error", err)
			}
			s.restoreBallast()
			last = now
			select {
			case <-s.clock.After(proofRest):
			case <-ctx.Done():
				return
			}
		}
	}()
	s.onClose(func(context.Context) error {
		cancel()
		<-done
		return nil
	})
	return nil
}

func (s *Server) prove(last log.CommitSeq) error {
	return s.proof.Put(meta.Proven{Meta: s.identity.meta, Timeline: s.identity.timeline(), Last: last})
}
