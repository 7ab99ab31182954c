package flow

import (
	"context"
	"errors"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
)

// hand is a helper at work in a front: steps of its own.
type hand struct {
	w       *shared
	helper  Helper
	meter   *meter.Meter
	reader  exec.PartReader
	ops     []exec.Operator // from the topmost down
	carrier *carrier
	rows    delta.Batch
}

func (w *shared) newHand(helper Helper) (h *hand, err error) {
	h = &hand{w: w, helper: helper, carrier: newCarrier(w.e, w.f.top), meter: helper.Meter()}
	if h.reader, err = w.src.NewPartReader(); err != nil {
		h.close()
		return nil, err
	}
	for i, n := range w.f.nodes {
		op, err := w.f.make(n)
		if err != nil {
			h.close()
			return nil, err
		}
		h.ops = append(h.ops, op)
		env := w.f.steps[i].env
		env.Values.Meter = h.meter
		if err := op.Open(&env); err != nil {
			h.close()
			return nil, err
		}
	}
	return h, nil
}

func (h *hand) close() {
	h.helper.Give()
	for _, op := range h.ops {
		_ = op.Close() // they keep nothing
	}
	if h.reader != nil {
		h.reader.Close()
	}
	h.meter.Close()
}

// run takes parts until there are none.
func (h *hand) run(ctx context.Context) error {
	defer h.meter.Begin(ctx)()
	defer h.w.e.end(0)
	var out exec.Out = h.carrier
	for _, op := range h.ops {
		out = push{ctx: ctx, op: op, out: out}
	}
	for {
		d, err := h.next(ctx)
		if d == nil || err != nil {
			return err
		}
		if err := h.read(ctx, d, out); err != nil {
			return err
		}
		h.helper.Give()
		if err := h.send(d.number); err != nil {
			return err
		}
		h.w.e.done(d.number)
	}
}

// next waits for a part, and for a processor, and does the jobs of others before. Where there is none the flow's own goroutine takes the parts.
func (h *hand) next(ctx context.Context) (*dealt, error) {
	w := h.w
	for refused := false; ; {
		woken, over := !refused, false
		err := w.e.await(func() bool {
			over = w.over && len(w.queue) == 0
			ok := over || woken && (len(w.queue) > 0 || w.jobs.any())
			woken = true
			return ok
		})
		if over || err != nil {
			return nil, err
		}
		if refused = !h.helper.Try(); refused {
			continue
		}
		if work := w.jobs.next(); work != nil {
			work(h.breathe(ctx))
			w.f.crew.Did()
		} else if d := w.next(); d != nil {
			return d, nil
		}
		h.helper.Give()
	}
}

// without waits without the processor, and for one after it.
func (h *hand) without(ctx context.Context, wait func() error) error {
	h.helper.Give()
	if err := wait(); err != nil {
		return err
	}
	return h.helper.Take(ctx)
}

// read takes the rows of a part through the steps. One with too many for a message is left to the receiver.
func (h *hand) read(ctx context.Context, d *dealt, out exec.Out) error {
	h.reader.Begin(d.part)
	whole, err := h.reader.Fill(ctx, h.breathe(ctx))
	if err != nil {
		return err
	}
	if !whole {
		h.carrier.ready = append(h.carrier.ready, &message{raw: d.part})
		return nil
	}
	if h.reader.Judged() && !h.w.judgeTurn(d.number) {
		err := h.without(ctx, func() error { return h.w.e.await(func() bool { return h.w.judged == d.number }) })
		if err != nil {
			return err
		}
	}
	if err := h.reader.Judge(); err != nil {
		return err
	}
	h.w.judgedOne()
	h.w.letGo(d.part)
	for h.reader.Next(&h.rows) {
		h.w.read.Add(int64(h.rows.Rows()))
		if err := out.Emit(&h.rows); err != nil {
			return err
		}
		if err := h.meter.Breathe(); err != nil {
			return err
		}
		if h.carrier.bytes < inboxBytes {
			continue
		}
		if err := h.without(ctx, func() error { return h.send(d.number) }); err != nil {
			return err
		}
	}
	return h.carrier.flush()
}

func (h *hand) breathe(ctx context.Context) func() error {
	return func() error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return h.meter.Breathe()
	}
}

// send gives the messages of a part to the edge. The processor is another's meanwhile.
func (h *hand) send(number int64) error {
	for _, m := range h.carrier.take() {
		if err := h.w.e.send(0, number, m); err != nil && !errors.Is(err, exec.ErrStop) {
			return err
		}
	}
	return nil
}
