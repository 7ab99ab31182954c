package table

import (
	"fmt"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/decode"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// LayoutHeader names the record header that says which layout a record of a table is of; the first has none.
const LayoutHeader = "tributary.layout"

// layout reads the records of one layout of a table: what their fields are called, and what columns are in none.
type layout struct {
	values *decode.Decoder
	keys   *decode.Decoder
	at     []int            // the column of each field
	to     []*delta.Builder // scratch: where each field goes
	absent []int            // columns that no field is of
	rel    *catalog.Relation
}

// layout is the n-th layout of the table.
func (p *replay) layout(n int) (*layout, error) {
	if l := p.layouts[n]; l != nil {
		return l, nil
	}
	rel := p.into.form.rel
	if n > len(rel.Layouts) {
		return nil, fmt.Errorf("record of layout %d of table %q, which has %d", n, rel.Name, len(rel.Layouts))
	}
	l := &layout{rel: rel}
	var columns []decode.Column
	for i := range rel.Columns {
		if name := rel.Field(n, i); name != "" {
			columns = append(columns, decode.Column{Name: name, Type: rel.Columns[i].Type})
			l.at = append(l.at, i)
		} else {
			l.absent = append(l.absent, i)
		}
	}
	l.to = make([]*delta.Builder, len(l.at))
	var err error
	if l.values, err = decode.New(decode.JSON, columns, upTo(len(columns)), decode.Options{}); err != nil {
		return nil, err
	}
	keys := []decode.Column{{Name: RowIDColumn, Type: sqltype.Of(sqltype.Int8)}}
	if len(rel.PrimaryKey) > 0 {
		keys = nil
		for i, c := range rel.PrimaryKey {
			keys = append(keys, decode.Column{Name: rel.KeyField(i), Type: rel.Columns[c].Type})
		}
	}
	if l.keys, err = decode.New(decode.JSON, keys, upTo(len(keys)), decode.Options{}); err != nil {
		return nil, err
	}
	p.layouts[n] = l
	return l, nil
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// row appends a record's row to the builders of all columns.
func (l *layout) row(value, exact []byte, cols []*delta.Builder) error {
	for i, at := range l.at {
		l.to[i] = cols[at]
	}
	if f, ok := l.values.Decode(value, l.to); !ok {
		return &f
	}
	for _, i := range l.absent {
		appendMissing(cols[i], &l.rel.Columns[i])
	}
	if len(exact) == 0 {
		return nil
	}
	return record.ApplyExact(exact, cols[:len(l.rel.Columns)])
}
