package session

import (
	"context"

	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/session/notify"
)

// notices of a transaction: what it sends and whom it listens to, both from its commit on.
type txNotes struct {
	notes   []notify.Note
	sent    map[notify.Note]bool // of notes, to send each once
	listens []listening
}

// listening is a LISTEN or UNLISTEN; channel "" is all, of UNLISTEN *.
type listening struct {
	channel string
	end     bool
}

// noteMark is a savepoint's.
type noteMark struct{ notes, listens int }

func (t *txNotes) mark() noteMark { return noteMark{len(t.notes), len(t.listens)} }

func (t *txNotes) backTo(m noteMark) {
	for _, n := range t.notes[m.notes:] {
		delete(t.sent, n)
	}
	t.notes, t.listens = t.notes[:m.notes], t.listens[:m.listens]
}

// PostgreSQL's bounds of names and payloads.
const (
	maxChannelBytes = 63
	maxPayloadBytes = 7999
)

// listen is LISTEN, UNLISTEN and NOTIFY.
func (s *Session) listen(b *parse.Listen, w face.Writer) error {
	switch b.What {
	case "NOTIFY":
		if err := s.notify(b.Channel, b.Payload); err != nil {
			return err
		}
	case "LISTEN":
		if _, ok := s.client.(face.Listener); !ok {
			return sqlerr.New(sqlerr.FeatureNotSupported, "LISTEN needs a connection that lasts").WithHint("Use the PostgreSQL protocol.")
		}
		s.tx.notes.listens = append(s.tx.notes.listens, listening{b.Channel, false})
	default:
		s.tx.notes.listens = append(s.tx.notes.listens, listening{b.Channel, true})
	}
	return w.Complete(b.What)
}

// notify sends a note behind the commit, once however often it is sent.
func (s *Session) notify(channel, payload string) error {
	switch {
	case channel == "":
		return sqlerr.New(sqlerr.InvalidParameterValue, "channel name cannot be empty")
	case len(channel) > maxChannelBytes:
		return sqlerr.New(sqlerr.InvalidParameterValue, "channel name too long")
	case len(payload) > maxPayloadBytes:
		return sqlerr.New(sqlerr.InvalidParameterValue, "payload string too long")
	}
	t, n := &s.tx.notes, notify.Note{PID: s.pid, Channel: channel, Payload: payload}
	if t.sent[n] {
		return nil
	}
	if t.sent == nil {
		t.sent = map[notify.Note]bool{}
	}
	t.sent[n] = true
	t.notes = append(t.notes, n)
	return nil
}

// notesTurn begins the commit of what the transaction sends: end is called behind it, and sends if it was made.
func (s *Session) notesTurn(ctx context.Context) (end func(committed bool), err error) {
	t := s.tx.notes
	if len(t.notes) == 0 && len(t.listens) == 0 {
		return func(bool) {}, nil
	}
	done, err := s.db.notes.Turn(ctx, t.notes)
	if err != nil {
		return nil, err
	}
	return func(committed bool) {
		defer done()
		if committed {
			s.applyListens(t.listens)
			s.db.notes.Send(t.notes)
		}
	}, nil
}

func (s *Session) applyListens(list []listening) {
	for _, l := range list {
		switch {
		case !l.end:
			if s.listener == nil {
				s.listener = s.db.notes.Listener(s.client.(face.Listener).Wake)
			}
			s.listener.Listen(l.channel)
		case s.listener == nil:
		case l.channel == "":
			s.unlistenAll()
		default:
			s.listener.Unlisten(l.channel)
		}
	}
}

func (s *Session) unlistenAll() {
	if s.listener != nil {
		s.listener.Close()
	}
}

// Deliver tells the client what has come on the channels that it listens to, unless it is in a transaction.
func (s *Session) Deliver() {
	if s.listener == nil || s.tx.status() != face.TxIdle {
		return
	}
	for _, n := range s.listener.Take() {
		s.client.(face.Listener).Notification(n.PID, n.Channel, n.Payload)
	}
}

// Notify is pg_notify.
func (p peers) Notify(channel, payload string) error { return p.s.notify(channel, payload) }

// Listening is pg_listening_channels.
func (p peers) Listening() []string {
	if p.s.listener == nil {
		return nil
	}
	return p.s.listener.Channels()
}

// NotesUsed is pg_notification_queue_usage.
func (p peers) NotesUsed() float64 { return p.s.db.notes.Used() }

// Notes are the notifications that wait for listeners.
func (db *Database) Notes() *notify.Queue { return db.notes }
