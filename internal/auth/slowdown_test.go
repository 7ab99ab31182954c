package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestSlowdown: failures make an address wait, longer each time up to a bound, and others not;
// the right password waits with it; time forgives.
func TestSlowdown(t *testing.T) {
	g, c := newGate(t, nil)
	ask := func(peer, password string) error {
		_, err := g.Password(t.Context(), Attempt{Face: Kafka, Peer: peer, Name: "ann", Method: Plain}, password)
		return err
	}
	for range 15 {
		if err := ask("10.0.0.1", "guess"); !errors.Is(err, ErrRefused) {
			t.Fatal(err)
		}
	}
	if want := "[100ms 200ms 400ms 800ms 1.6s 3.2s 3.2s 3.2s 3.2s]"; fmt.Sprint(c.waits) != want {
		t.Errorf("waits %v, want %s", c.waits, want)
	}
	c.pass(0)
	if err := ask("10.0.0.1", "secret"); err != nil || len(c.waits) != 1 {
		t.Errorf("the right password from there: %v after %v", err, c.waits)
	}
	c.pass(0)
	if err := ask("10.0.0.2", "secret"); err != nil || len(c.waits) != 0 {
		t.Errorf("somebody else: %v after %v", err, c.waits)
	}
	for _, other := range []string{"bob", "nobody"} { // of another name's failures ann's logins are not slowed down, whether there is a role of it or not
		for range 60 {
			_, _ = g.Password(t.Context(), Attempt{Face: Kafka, Peer: "10.0.0.3", Name: other, Method: Plain}, "guess")
		}
	}
	c.pass(0)
	if err := ask("10.0.0.3", "secret"); (err != nil || len(c.waits) != 0) && g.slow.originLocked("", "ann") != g.slow.originLocked("", "bob") && g.slow.originLocked("", "ann") != g.slow.originLocked("", "nobody") {
		t.Errorf("beside failures of others: %v after %v", err, c.waits)
	}
	c.pass(20 * time.Second)
	if err := ask("10.0.0.1", "secret"); err != nil || len(c.waits) != 0 {
		t.Errorf("later: %v after %v", err, c.waits)
	}
}

// TestSlowdownIsBounded: neither the table nor the attempts that wait grow with an attack.
func TestSlowdownIsBounded(t *testing.T) {
	var s slowdown
	now := time.Unix(1_700_000_000, 0)
	for i := range 3 * maxOrigins {
		for range 10 {
			s.failed(now, fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff), "ann")
		}
	}
	if n := len(s.peers); n > maxOrigins {
		t.Errorf("%d addresses", n)
	}
	if p, d, err := s.enter(now, "192.0.2.7", "ann"); p != &s.surplus || d != maxWait || err != nil {
		t.Errorf("beyond the table: wait %v, %v", d, err)
	}
	for range 2 * maxWaiting {
		_, _, _ = s.enter(now, "2001:db8::5", "ann")
	}
	if _, _, err := s.enter(now, "2001:db8::6", "ann"); !errors.Is(err, errTooMany) {
		t.Errorf("one more that waits in the same /64: %v", err)
	}
	later := now.Add(time.Hour)
	s.failed(later, "192.0.2.7", "ann")
	if n := len(s.peers); n > 2 {
		t.Errorf("an hour later the table still has %d addresses", n)
	}
	if p, _, _ := s.enter(later, "192.0.2.7", "ann"); p != nil {
		t.Error("one failure already makes it wait")
	}
}

func TestWaitEndsWithItsClient(t *testing.T) {
	g, _ := newGate(t, nil)
	for range 10 {
		g.slow.failed(g.cfg.Clock.Now(), "10.0.0.1", "ann")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g.cfg.Clock = never{g.cfg.Clock.(*stopped)}
	if _, err := g.Password(ctx, Attempt{Face: Kafka, Peer: "10.0.0.1", Name: "ann", Method: Plain}, "secret"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if n := g.slow.peers[g.slow.originLocked("10.0.0.1", "ann")].waiting; n != 0 {
		t.Errorf("%d still wait", n)
	}
}

// never is a clock whose timers do not fire.
type never struct{ *stopped }

func (never) After(time.Duration) <-chan time.Time { return nil }

// TestWarnings: one line a second and face, without a secret, and none is lost from the count.
func TestWarnings(t *testing.T) {
	var log bytes.Buffer
	g, c := newGate(t, &log)
	fail := func(f Face, name string) {
		_, _ = g.Password(t.Context(), Attempt{Face: f, Peer: "10.0.0.1", Name: name, Method: Plain}, "hush-hush")
	}
	for range 7 {
		fail(Kafka, "ann")
	}
	fail(HTTP, strings.Repeat("x", 10_000)+"\n")
	c.pass(time.Second)
	fail(Kafka, "ann")
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[2], "not_shown=6") {
		t.Fatalf("the log:\n%s", log.String())
	}
	for _, want := range []string{"level=WARN", "face=kafka", "role=ann", "peer=10.0.0.1", "method=plain"} {
		if !strings.Contains(lines[0], want) {
			t.Errorf("%s lacks %s", lines[0], want)
		}
	}
	if len(lines[1]) > 400 || strings.Contains(log.String(), "hush") {
		t.Errorf("the log tells too much:\n%s", log.String())
	}
	if n := g.Failures(Kafka, Plain); n != 8 {
		t.Errorf("%d counted", n)
	}
}
