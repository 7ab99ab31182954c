package table

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// What a Tx writes beyond StageBytes leaves its overlay in pieces: the changelog records go to a Stage
// of the log, the rows become runs of the table's arrangements that only the Tx sees, over whatever
// version it reads. COMMIT names the one and links the other.

// stagedRuns are the runs that a Tx has prepared of one arrangement. Few of them have about the same
// size, so that a probe looks into few.
type stagedRuns struct {
	runs   []*state.Prepared
	joined []int // how often the rows of each were put together
}

// stagedFan is how many runs that were joined as often are joined once more.
const stagedFan = 4

func (s *stagedRuns) add(a *state.RunSet, p *state.Prepared, breathe func() error) error {
	s.runs, s.joined = append(s.runs, p), append(s.joined, 0)
	for {
		last := len(s.runs) - stagedFan
		if last < 0 || s.joined[last] != s.joined[len(s.joined)-1] {
			return nil
		}
		joined, err := a.Join(s.runs[last:], breathe)
		if err != nil {
			return err
		}
		s.runs, s.joined = append(s.runs[:last], joined), append(s.joined[:last], s.joined[last]+1)
	}
}

func (s *stagedRuns) discard() {
	for _, p := range s.runs {
		p.Discard()
	}
	s.runs, s.joined = nil, nil
}

// newest opens the newest version of the table's rows (0) or of its index i-1, with what the Tx has
// staged of it. The Tx's own rows since then are in the overlay alone.
func (o *overlay) newest(i int) (state.View, error) {
	if i > 0 && o.indexes[i-1].own {
		v, err := o.indexes[i-1].rows.At(latest)
		if err != nil {
			return nil, err
		}
		return o.indexes[i-1].shown(state.With(v, o.staged[i].runs...)), nil
	}
	index := catalog.OID(0)
	if i > 0 {
		index = o.indexes[i-1].rel.OID
	}
	v, ix, err := o.t.open(index, latest)
	if err != nil {
		return nil, err
	}
	return ix.shown(state.With(v, o.staged[i].runs...)), nil
}

// settle counts what the Tx holds after a statement has written, and stages what is too much of it.
func (tx *Tx) settle(ctx context.Context) error {
	if err := tx.charge(0); err != nil {
		return err
	}
	held := tx.bytes
	for _, o := range tx.touched {
		if o.t.temp == nil {
			held += o.size()
		}
	}
	if limit := tx.set.cfg.MaxBytes; int64(held)+tx.written > limit {
		return sqlerr.New(sqlerr.ProgramLimitExceeded, "transaction exceeds max_transaction_bytes (%d)", limit).
			WithHint("Write the rows in several transactions, or raise the setting. COPY into a stream commits as it goes.")
	}
	if stage := tx.set.cfg.StageBytes; stage <= 0 || held < stage || tx.savepoints > 0 {
		return nil
	}
	if err := tx.stagePiece(ctx); err != nil {
		return err
	}
	tx.written += int64(held)
	return tx.charge(0)
}

// stagePiece takes everything out of the overlays.
func (tx *Tx) stagePiece(ctx context.Context) error {
	appends, err := tx.pieces(func() error { return context.Cause(ctx) })
	if err != nil || len(appends) == 0 {
		return err
	}
	return tx.addToStage(ctx, appends)
}

func (tx *Tx) addToStage(ctx context.Context, appends []log.Append) error {
	if tx.stage == nil {
		tx.stage = tx.set.cfg.Log.NewStage()
	}
	// The records are in memory until those of the next piece are added.
	before := tx.writing
	for _, a := range appends {
		tx.writing += int64(len(a.RecordBatches))
	}
	if err := tx.charge(0); err != nil {
		return err
	}
	err := tx.stage.Add(ctx, appends)
	tx.writing -= before
	return err
}

// pieces makes one of what is written to each table, and of the records of streams.
func (tx *Tx) pieces(breathe func() error) ([]log.Append, error) {
	appends := tx.appends
	for _, o := range tx.touched {
		if o.t.temp != nil {
			continue // it has no records, and its rows are bounded
		}
		a, err := tx.piece(o, breathe)
		if err != nil {
			return nil, err
		}
		appends = append(appends, a...)
	}
	tx.appends, tx.bytes = nil, 0
	return appends, nil
}

// piece makes records of what an overlay holds, and runs, and empties it.
func (tx *Tx) piece(o *overlay, breathe func() error) ([]log.Append, error) {
	appends, prepared, err := tx.make(o, true, breathe)
	if err != nil {
		return nil, err
	}
	sets := o.arrangements()
	for i, p := range prepared {
		if err := o.staged[i].add(sets[i], p, breathe); err != nil {
			for _, rest := range prepared[i+1:] {
				rest.Discard()
			}
			return nil, err
		}
		for _, p := range o.staged[i].runs {
			p.Cool()
		}
	}
	o.reset()
	return appends, nil
}

// dropStage forgets what was staged; what a commit has taken over is not concerned.
func (tx *Tx) dropStage() {
	if tx.stage != nil {
		tx.stage.Drop()
		tx.stage = nil
	}
	for _, o := range tx.touched {
		for i := range o.staged {
			o.staged[i].discard()
		}
	}
}
