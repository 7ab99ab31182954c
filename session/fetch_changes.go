package session

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/storage/log"
)

// FETCH of a cursor that subscribes gives the changes that are there, up to its count, and at least all of
// the commits before it. With none it waits for the first, no longer than its timeout says: psql takes a FETCH
// of fewer rows than it asked for as the end, and a program that polls wants to sleep in the server.

// stands tells where a subscription waits: the version up to which everything was given. It keeps the newest.
type stands chan log.CommitSeq

// say is the subscription's; nobody else sends.
func (c stands) say(v log.CommitSeq) {
	select {
	case <-c:
	default:
	}
	c <- v
}

// fetchChanges gives up to limit rows (0 = no limit) of a cursor that subscribes. wait bounds the wait for the first
// while there are none; nil = no bound.
func (s *Session) fetchChanges(ctx context.Context, c *portal, limit int, wait *time.Duration, w face.Writer) (sent int, err error) {
	patient := ctx
	if wait != nil {
		var end context.CancelFunc
		patient, end = context.WithTimeoutCause(ctx, *wait, errNoChanges)
		defer end()
	}
	for limit == 0 || sent < limit {
		if sent > 0 {
			patient = nil
		}
		there, err := s.changesThere(ctx, patient, c, w)
		if err != nil {
			c.close()
			return sent, err
		}
		if !there {
			return sent, nil
		}
		part, err := c.run.take(ctx, max(limit-sent, 0)) // it is at hand
		if err != nil {
			return sent, err
		}
		if err := w.Rows(part); err != nil {
			return sent, err
		}
		sent += part.Rows()
	}
	return sent, nil
}

// errNoChanges ends the wait of a FETCH with a timeout.
var errNoChanges = errors.New("no changes within the timeout")

// changesThere brings rows at hand. false: all of the commits so far were given, and no more came while patient
// lasted; nil = it does not wait for more.
func (s *Session) changesThere(ctx, patient context.Context, c *portal, w face.Writer) (bool, error) {
	r := c.run
	r.doneWithNow()
	flushed := false
	for r.now == nil {
		wait := ctx
		if r.standAt > 0 {
			more, err := s.db.Runtime.Touched(ctx, c.plan.query, r.standAt)
			if err != nil {
				return false, err
			}
			if !more && patient == nil {
				return false, nil
			}
			if !more {
				wait = patient
			}
		}
		if !flushed { // the next rows may be long in coming
			flushed = true
			if err := w.Flush(); err != nil {
				return false, err
			}
		}
		select {
		case d, ok := <-r.rows:
			if !ok {
				return false, r.err
			}
			r.standAt = 0
			r.begin(d)
		case r.standAt = <-r.stands:
		case <-wait.Done():
			if err := context.Cause(wait); !errors.Is(err, errNoChanges) {
				return false, err
			}
			return false, nil
		}
	}
	return true, nil
}

// fetchTimeout reads WITH (timeout = …) of a FETCH: milliseconds, or a number with a unit; nil = none.
func fetchTimeout(b *parse.Fetch, c *portal) (*time.Duration, error) {
	var wait *time.Duration
	for _, o := range b.Options {
		switch {
		case o.Name != "timeout":
			return nil, sqlerr.New(sqlerr.SyntaxError, "unrecognized FETCH option %q", o.Name).At(o.Pos)
		case wait != nil:
			return nil, sqlerr.New(sqlerr.SyntaxError, "conflicting or redundant options").At(o.Pos)
		case !c.subscribes():
			return nil, unsupported("a timeout of FETCH").WithHint("Only a cursor FOR SUBSCRIBE TO waits for rows.")
		}
		text, err := parseMillis(o.Value)
		if err != nil {
			return nil, nameIn(err, "timeout")
		}
		ms, _ := strconv.ParseInt(text, 10, 64) // parseMillis wrote it
		d := time.Duration(ms) * time.Millisecond
		wait = &d
	}
	return wait, nil
}
