package system

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Relation is one system relation.
type Relation struct {
	OID          catalog.OID
	Schema, Name string
	// Doc says in a sentence what its rows are.
	Doc     string
	Columns []Column
	// rows adds its rows in the order that they are shown in.
	rows func(ctx context.Context, f Facts, add func(values ...any) error) error
}

// Column of a system relation.
type Column struct {
	Name string
	Type sqltype.OID
	Doc  string
}

// All are the system relations, by schema and name.
func All() []*Relation { return slices.Clone(relations) }

var relations = []*Relation{columns, compactions, dataflows, pins, relationsRelation, segments, settings, tables}

// ByOID finds one.
func ByOID(oid catalog.OID) (*Relation, bool) {
	for _, r := range relations {
		if r.OID == oid {
			return r, true
		}
	}
	return nil, false
}

// Catalog gives all as relations of the catalog.
func Catalog() []*catalog.Relation {
	out := make([]*catalog.Relation, len(relations))
	for i, r := range relations {
		rel := &catalog.Relation{OID: r.OID, Schema: r.Schema, Name: r.Name, Kind: catalog.KindSystem, TimestampColumn: -1}
		for _, c := range r.Columns {
			rel.Columns = append(rel.Columns, catalog.Column{Name: c.Name, Type: sqltype.Of(c.Type)})
		}
		out[i] = rel
	}
	return out
}

// unixToPostgresMicros is 2000-01-01 in Unix time.
const unixToPostgresMicros = 946_684_800_000_000

// rowsPerBatch bounds what is given at once.
const rowsPerBatch = 1024

// Emit gives all rows, some at a time; the batch is borrowed until emit returns.
func (r *Relation) Emit(ctx context.Context, f Facts, emit func(*delta.Batch) error) error {
	types := make([]sqltype.OID, len(r.Columns))
	for i, c := range r.Columns {
		types[i] = c.Type
	}
	b, count := delta.NewBatchBuilder(types), 0
	flush := func() error {
		batch := b.Batch()
		err := emit(&batch)
		b, count = delta.NewBatchBuilder(types), 0
		return err
	}
	err := r.rows(ctx, f, func(values ...any) error {
		if len(values) != len(types) {
			return fmt.Errorf("system relation %s: %d values for %d columns", r.Name, len(values), len(types))
		}
		for i, v := range values {
			if err := put(b.Cols[i], types[i], v); err != nil {
				return fmt.Errorf("system relation %s, column %s: %w", r.Name, r.Columns[i].Name, err)
			}
		}
		b.End(1)
		if count++; count < rowsPerBatch {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		return flush()
	})
	if err != nil || count == 0 {
		return err
	}
	return flush()
}

// put appends a Go value to a column of the type that holds such values; nil is NULL.
func put(b *delta.Builder, t sqltype.OID, v any) error {
	ok := false
	switch v := v.(type) {
	case nil:
		b.AppendNull()
		return nil
	case string:
		if ok = t == sqltype.Text; ok {
			b.AppendString(v)
		}
	case bool:
		if ok = t == sqltype.Bool; ok {
			b.AppendBool(v)
		}
	case int32:
		if ok = t == sqltype.Int4; ok {
			delta.Append(b, v)
		}
	case int64:
		if ok = t == sqltype.Int8; ok {
			delta.Append(b, v)
		}
	case catalog.OID:
		if ok = t == sqltype.OIDType; ok {
			delta.Append(b, int32(v))
		}
	case time.Time:
		if ok = t == sqltype.Timestamptz; ok {
			delta.Append(b, v.UnixMicro()-unixToPostgresMicros)
		}
	}
	if !ok {
		return fmt.Errorf("a %T is no value of type %d", v, t)
	}
	return nil
}

// orNull is v, or NULL for the zero value.
func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}
