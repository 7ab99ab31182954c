package source

import (
	"context"

	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// SystemRows makes the rows of a system relation for who asks, all its columns, one batch at a time: those of
// key, and others maybe.
type SystemRows func(ctx context.Context, key system.Key, who *plan.Session, emit func(*delta.Batch) error) error

// systemRows reads a system relation, or rows given: all of it when the tick begins at 0, nothing later.
type systemRows struct {
	node   *plan.Scan
	cfg    Config
	lookup row
	who    *plan.Session
	rows   []delta.Batch
	cols   []delta.Column
}

func (s *systemRows) Open(env exec.Env) error {
	s.lookup.exprs = s.node.Lookup
	s.lookup.open(env)
	if settings := env.Settings(); settings != nil {
		s.who = settings.Session
	}
	return nil
}

func (s *systemRows) Begin(ctx context.Context, t exec.Tick) error {
	s.rows = s.rows[:0]
	if t.From != 0 {
		return nil
	}
	key, none, err := s.key()
	if none || err != nil {
		return err
	}
	provider, err := s.cfg.Inputs.System(s.node.Relation)
	if err != nil {
		return err
	}
	return provider(ctx, key, s.who, func(b *delta.Batch) error {
		kept := delta.Batch{Len: b.Rows()}
		for _, c := range s.node.Columns {
			if c == plan.MetaTableOID {
				kept.Cols = append(kept.Cols, delta.Const(sqltype.OIDType, int32(s.node.Relation), kept.Len))
				continue
			}
			kept.Cols = append(kept.Cols, delta.Copy(&b.Cols[c], b.Sel))
		}
		s.rows = append(s.rows, kept)
		return nil
	})
}

// key is what a Lookup asks for; none: a NULL, which no row has. A key that is an error asks for all: the
// filter, which is kept, comes to the error if there is a row.
func (s *systemRows) key() (key system.Key, none bool, err error) {
	if len(s.node.Lookup) == 0 {
		return system.Whole, false, nil
	}
	cols, failed, err := s.lookup.eval()
	switch {
	case err != nil || failed != nil:
		return system.Whole, false, err
	case cols[0].Null(0):
		return key, true, nil
	}
	key.Column = s.node.LookupColumns[0]
	if cols[0].Phys == sqltype.PhysInt32 {
		key.OID = uint32(delta.Values[int32](&cols[0])[0])
	} else {
		key.Name = string(cols[0].Bytes(0))
	}
	return key, false, nil
}

func (s *systemRows) Next(_ context.Context, dst *delta.Batch) (bool, error) {
	*dst = delta.Batch{}
	if len(s.rows) == 0 {
		return false, nil
	}
	b := s.rows[0]
	s.rows = s.rows[1:]
	s.cols = append(s.cols[:0], b.Cols...)
	*dst = delta.Batch{Len: b.Len, Cols: s.cols}
	return len(s.rows) > 0, nil
}

func (s *systemRows) Progress() exec.Progress { return exec.Progress{Watermark: exec.NoWatermark} }
func (s *systemRows) Close() error            { return nil }
