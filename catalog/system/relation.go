package system

import (
	"context"
	"fmt"
	"slices"

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
	// Unique is the column that no two rows have one value of, in the order of Columns; nil = none is.
	Unique []int
	// Lookups are columns by each of which Rows finds rows without making all of them.
	Lookups []int
	// Given are rows that are always the same, before all others; nil = none.
	Given func() []delta.Batch
	// Rows adds the others in the order that they are shown in, those of key at least.
	Rows func(ctx context.Context, f Facts, key Key, add Adder) error
}

// Adder adds a row, a value for each column.
type Adder func(values ...any) error

// Key asks for the rows that have a value in a column, which is one of Lookups; Column -1 asks for all.
type Key struct {
	Column int
	OID    uint32 // the value of an oid column
	Name   string // of another
}

// Whole asks for all rows.
var Whole = Key{Column: -1}

// Column of a system relation.
type Column struct {
	Name string
	Type sqltype.OID
	Doc  string
}

// All are the system relations, by schema and name.
func All() []*Relation { return slices.Clone(relations) }

var relations = []*Relation{columns, compactions, dataflows, pins, relationsRelation, segments, sessions, settings, tables}

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
		out[i] = r.Relation()
	}
	return out
}

// Relation is r as a relation of the catalog.
func (r *Relation) Relation() *catalog.Relation {
	rel := &catalog.Relation{
		OID: r.OID, Schema: r.Schema, Name: r.Name, Kind: catalog.KindSystem, TimestampColumn: -1,
		PrimaryKey: r.Unique, LookupColumns: r.Lookups,
	}
	for _, c := range r.Columns {
		rel.Columns = append(rel.Columns, catalog.Column{Name: c.Name, Type: sqltype.Of(c.Type)})
	}
	return rel
}

// unixToPostgresMicros is 2000-01-01 in Unix time.
const unixToPostgresMicros = 946_684_800_000_000

// rowsPerBatch bounds what is given at once.
const rowsPerBatch = 1024

// Emit gives the rows of key, some at a time; the batch is borrowed until emit returns. Rows that are
// not of key may be among them.
func (r *Relation) Emit(ctx context.Context, f Facts, key Key, emit func(*delta.Batch) error) error {
	if r.Given != nil && key == Whole {
		for _, b := range r.Given() {
			if err := emit(&b); err != nil {
				return err
			}
		}
	}
	if r.Rows == nil {
		return nil
	}
	types := r.types()
	b, count := delta.NewBatchBuilder(types), 0
	flush := func() error {
		batch := b.Batch()
		err := emit(&batch)
		b, count = delta.NewBatchBuilder(types), 0
		return err
	}
	err := r.Rows(ctx, f, key, func(values ...any) error {
		if err := r.put(b, types, values); err != nil {
			return err
		}
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

func (r *Relation) types() []sqltype.OID {
	types := make([]sqltype.OID, len(r.Columns))
	for i, c := range r.Columns {
		types[i] = c.Type
	}
	return types
}

func (r *Relation) put(b *delta.BatchBuilder, types []sqltype.OID, values []any) error {
	if len(values) != len(types) {
		return fmt.Errorf("system relation %s: %d values for %d columns", r.Name, len(values), len(types))
	}
	for i, v := range values {
		if err := put(b.Cols[i], types[i], v); err != nil {
			return fmt.Errorf("system relation %s, column %s: %w", r.Name, r.Columns[i].Name, err)
		}
	}
	b.End(1)
	return nil
}

// Made is batches of rows, for Given.
func (r *Relation) Made(count int, row func(i int) []any) []delta.Batch {
	types, out := r.types(), []delta.Batch(nil)
	for at := 0; at < count; {
		b := delta.NewBatchBuilder(types)
		for end := min(at+rowsPerBatch, count); at < end; at++ {
			if err := r.put(b, types, row(at)); err != nil {
				panic(err) // what is given is part of the program, and tested
			}
		}
		out = append(out, b.Batch())
	}
	return out
}
