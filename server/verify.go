package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/segment"
)

const (
	// verifiedAtOnce are objects; a recovery has the machine for itself.
	verifiedAtOnce = 8
	verifyTold     = 10 * time.Second
)

// damaged are those of the objects whose bytes are not what was written. All of them are read.
func (s *Server) damaged(ctx context.Context, objects []log.NamedObject) (bad []log.NamedObject, err error) {
	total := int64(0)
	for _, o := range objects {
		total += o.Size
	}
	var mu sync.Mutex
	read, told := int64(0), s.clock.Now()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(verifiedAtOnce)
	for _, o := range objects {
		g.Go(func() error {
			err := s.verifyObject(ctx, o)
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, segment.ErrCorrupt) {
				s.logger.Warn("object is damaged", "object", o.String(), "error", err)
				bad, err = append(bad, o), nil
			}
			read += o.Size
			if now := s.clock.Now(); now.Sub(told) >= verifyTold {
				told = now
				s.logger.Info("verifying records", "bytes", read, "of", total)
			}
			return err
		})
	}
	return bad, g.Wait()
}

func (s *Server) verifyObject(ctx context.Context, o log.NamedObject) error {
	r, err := segment.OpenSized(ctx, s.objects, o.Key, o.Size)
	if err != nil {
		return err
	}
	return r.Verify(ctx)
}
