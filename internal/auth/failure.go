package auth

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/internal/pace"
)

// warnEvery is the least time between two lines about failed attempts on one face.
const warnEvery = time.Second

// maxLoggedName bounds what of a claimed name stands in the log.
const maxLoggedName = 64

// Unidentified counts and tells of a client that asked for what it must be known for. It is a
// mistake more often than an attack, so its address is not slowed down.
func (g *Gate) Unidentified(a Attempt, why error) {
	a.Method = None
	g.tell(a, why, g.cfg.Clock.Now())
}

// failed counts an attempt that came to nothing, slows its address down and tells the log. What
// is the server's own fault, or ended with the client, is not counted.
func (g *Gate) failed(a Attempt, why error) {
	if errors.Is(why, context.Canceled) || errors.Is(why, context.DeadlineExceeded) {
		return
	}
	now := g.cfg.Clock.Now()
	if !errors.Is(why, errTooMany) { // it was not heard
		g.slow.failed(now, a.Peer, a.Name)
	}
	g.tell(a, why, now)
}

func (g *Gate) tell(a Attempt, why error, now time.Time) {
	g.failures.of(a.Face, a.Method).Add(1)
	silent, ok := g.warn[a.Face].Due(now, warnEvery)
	if !ok {
		return
	}
	name := a.Name
	if len(name) > maxLoggedName {
		name = name[:maxLoggedName]
	}
	g.cfg.Logger.Warn("login failed", slog.String("face", string(a.Face)), slog.String("role", name), slog.String("peer", a.Peer),
		slog.String("method", string(a.Method)), slog.String("reason", why.Error()), slog.Int64("not_shown", silent))
}

// TellHeld tells the log of failed attempts that it was silent about, if no line about them has come since.
func (g *Gate) TellHeld() {
	now := g.cfg.Clock.Now()
	for _, f := range Faces() {
		if held := g.warn[f].Held(now, warnEvery); held > 0 {
			g.cfg.Logger.Warn("logins failed", slog.String("face", string(f)), slog.Int64("not_shown", held))
		}
	}
}

// warnings keep an attack from filling the log: one line a second and face, which says how many
// were not shown before it.
type warnings map[Face]*pace.Line

func newWarnings() warnings {
	w := warnings{}
	for _, f := range Faces() {
		w[f] = new(pace.Line)
	}
	return w
}

// counters are by face and method; the map never changes.
type counters map[Face]map[Method]*atomic.Int64

func newCounters() counters {
	c := counters{}
	for _, f := range Faces() {
		c[f] = map[Method]*atomic.Int64{}
		for _, m := range Methods() {
			c[f][m] = new(atomic.Int64)
		}
	}
	return c
}

func (c counters) of(f Face, m Method) *atomic.Int64 { return c[f][m] }
