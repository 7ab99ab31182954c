package flow

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
)

// own is a part that the flow's own goroutine reads. Once it is the part's turn its rows go on at once; before,
// some are held.
type own struct {
	reader  exec.PartReader
	carrier *carrier
	rows    delta.Batch
	part    dealt
	has     bool // there is a part

	filled bool // its next rows are decoded
	whole  bool // up to its end
	waits  bool // for all parts before it to be judged
	judged bool // its rows may come
	empty  bool // all of them have
	done   bool
}

func (o *own) begin(d dealt) {
	*o = own{reader: o.reader, carrier: o.carrier, part: d, has: true}
	o.reader.Begin(d.part)
}

// goOn goes on with the part at hand; false when that has to wait.
func (w *shared) goOn() (did bool, err error) {
	o := &w.mine
	turn := w.e.turnIs(o.part.number) // and nothing before it is left in the inbox, which was looked into before
	if turn {
		if err := w.deliverHeld(); err != nil {
			return false, err
		}
	}
	if o.done {
		if turn {
			w.ended(o)
			w.e.done(o.part.number)
		}
		return turn, nil
	}
	if !turn && (o.empty && !o.whole || w.mine.carrier.bytes >= inboxBytes) {
		return false, nil
	}
	if o.filled && !o.judged && o.reader.Judged() && !w.judgeTurn(o.part.number) {
		o.waits = true
		return false, nil
	}
	o.waits = false
	return true, w.advance(o, turn)
}

// advance takes one step with a part: it decodes rows, or judges them, or takes some of them through the flow's steps. Their
// rows are held unless it is the part's turn.
func (w *shared) advance(o *own, turn bool) (err error) {
	src := w.f.source()
	switch {
	case !o.filled:
		o.whole, err = o.reader.Fill(w.ctx, func() error { return src.breathe(w.ctx) })
		o.filled, o.judged, o.empty = true, false, false
		return err
	case !o.judged:
		o.judged = true
		if err := o.reader.Judge(); err != nil {
			return err
		}
		if o.whole {
			w.judgedOne()
		}
		return nil
	case o.empty: // not whole
		o.filled = false
		return nil
	}
	if !o.reader.Next(&o.rows) {
		o.empty, o.done = true, o.whole
		return nil
	}
	src.read += int64(o.rows.Rows())
	if !turn {
		w.f.held = o.carrier
		defer func() { w.f.held = nil }()
	}
	return w.out.Emit(&o.rows)
}

// deliverHeld hands on what is held of the part whose turn it is.
func (w *shared) deliverHeld() error {
	c := w.mine.carrier
	if err := c.flush(); err != nil {
		return err
	}
	ready := c.take()
	for _, m := range ready {
		if err := w.f.to.Emit(&m.rows); err != nil {
			return err
		}
		w.e.drop(m)
	}
	return nil
}

// ended lets a part go that was read to its end.
func (w *shared) ended(o *own) {
	w.letGo(o.part.part)
	o.has = false
}
