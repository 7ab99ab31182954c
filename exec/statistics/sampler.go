package statistics

import (
	"context"
	"sync"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// Open gives a relation's rows as they are now; nil = it keeps none.
type Open func(id plan.RelationID) (state.View, error)

// Exists reports whether there still is a relation.
type Exists func(id plan.RelationID) bool

// Sampler is plan.Statistics of what lies in arrangements.
type Sampler struct {
	ctx    context.Context // of the engine
	open   Open
	exists Exists

	mu struct {
		sync.Mutex
		known map[plan.RelationID]*relation
	}
}

// relation is what is known of the columns of one.
type relation struct {
	rows    float64 // when it was made
	columns map[int]*plan.ColumnStats
}

var _ plan.Statistics = (*Sampler)(nil)

// New makes a Sampler. ctx ends its reads.
func New(ctx context.Context, open Open, exists Exists) *Sampler {
	s := &Sampler{ctx: ctx, open: open, exists: exists}
	s.mu.known = map[plan.RelationID]*relation{}
	return s
}

// Rows implements plan.Statistics.
func (s *Sampler) Rows(id plan.RelationID) (float64, bool) {
	view, err := s.open(id)
	if err != nil || view == nil {
		return 0, false
	}
	defer view.Release()
	return float64(view.Rows()), true
}

// Column implements plan.Statistics.
func (s *Sampler) Column(id plan.RelationID, column int) *plan.ColumnStats {
	view, err := s.open(id)
	if err != nil || view == nil {
		return nil
	}
	defer view.Release()
	rows := float64(view.Rows())
	if c, ok := s.have(id, column, rows); ok {
		return c
	}
	cols, n, err := sample(s.ctx, view, sampleRows)
	if err != nil || n == 0 || column >= len(cols) {
		return nil // who reads the relation is told why it cannot be
	}
	made := describe(&cols[column], rows)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mu.known[id]
	if r == nil || !near(r.rows, rows) {
		for other := range s.mu.known {
			if !s.exists(other) {
				delete(s.mu.known, other)
			}
		}
		r = &relation{rows: rows, columns: map[int]*plan.ColumnStats{}}
		s.mu.known[id] = r
	}
	r.columns[column] = made
	return made
}

func (s *Sampler) have(id plan.RelationID, column int, rows float64) (*plan.ColumnStats, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.mu.known[id]
	if r == nil || !near(r.rows, rows) {
		return nil, false
	}
	c, ok := r.columns[column]
	return c, ok
}

// near: what is known of so many rows is good for those that there are now.
func near(known, now float64) bool { return now <= known*1.5 && now >= known/1.5 }

// A sample is of so many rows, from so many places of the relation.
const sampleRows, samplePlaces = 10_000, 64

// sample copies rows from all over a view, all of them if it has no more.
func sample(ctx context.Context, view state.View, most int) ([]delta.Column, int, error) {
	total := view.Rows()
	from := []state.Range{{}}
	every, each := int64(1), most
	if divider, ok := view.(state.Divider); ok && total > int64(most) {
		cuts, err := divider.Cuts(ctx, max(1, total/samplePlaces))
		if err != nil {
			return nil, 0, err
		}
		for _, key := range cuts {
			from = append(from, state.Range{From: key})
		}
		each = max(1, most/len(from))
		every = 3 // a place's rows lie near each other, and are like each other
	}
	var made []*delta.Builder
	n := 0
	for _, r := range from {
		got, err := read(ctx, view, r, int(every), each, &made)
		if err != nil {
			return nil, 0, err
		}
		n += got
	}
	cols := make([]delta.Column, len(made))
	for i, b := range made {
		cols[i] = b.Column()
	}
	return cols, n, nil
}

// read appends some rows from a place on.
func read(ctx context.Context, view state.View, r state.Range, every, most int, made *[]*delta.Builder) (n int, err error) {
	cursor, err := view.Scan(ctx, r)
	if err != nil {
		return 0, err
	}
	defer cursor.Close()
	var sel []int32
	for more := true; more && n < most; {
		var d delta.Batch
		if _, more, err = cursor.Next(ctx, &d); err != nil {
			return n, err
		}
		for len(*made) < len(d.Cols) {
			*made = append(*made, delta.NewBuilder(d.Cols[len(*made)].Type))
		}
		sel = sel[:0]
		for i, live := 0, d.Rows(); i < live && n < most; i += every {
			row := int32(i)
			if d.Sel != nil {
				row = d.Sel[i]
			}
			sel = append(sel, row)
			n++
		}
		for i := range d.Cols {
			(*made)[i].Gather(&d.Cols[i], sel)
		}
	}
	return n, nil
}
