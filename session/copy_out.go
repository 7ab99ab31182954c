package session

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// copyTo is COPY (query) TO STDOUT, also of SUBSCRIBE, and COPY table TO STDOUT.
func (s *Session) copyTo(ctx context.Context, _ *portal, b *parse.CopyTo, w face.Writer) error {
	if b.File != "" {
		return sqlerr.New(sqlerr.InsufficientPrivilege, "COPY to a file of the server is not supported").WithHint("Use COPY TO STDOUT, or psql's \\copy.")
	}
	if b.Statement != nil {
		return unsupported("COPY of a writing statement")
	}
	format, err := s.copyOptions(b.Options, false)
	if err != nil {
		return err
	}
	q, pin, free, err := s.planCopied(ctx, b)
	if err != nil {
		return err
	}
	defer free()
	if format.columnar != 0 {
		if b.Subscribe {
			return unsupported("COPY of a subscription in format " + format.columnar.String())
		}
		return s.copyToColumnar(ctx, q, pin, format.columnar, w)
	}
	names, of := make([]string, len(q.Fields)), (*catalog.Relation)(nil)
	for i, f := range q.Fields {
		names[i] = f.Name
	}
	if b.Table != nil {
		of, _ = s.catalog().Relation(b.Table.Schema, b.Table.Name, s.path())
	}
	if err := format.force.resolve(names, of); err != nil {
		return err
	}
	out := &copyOut{format: format, env: s.codecEnv(), w: w, width: len(q.Fields)}
	if b.Subscribe {
		out.width += 2
	}
	wire := face.Text
	if format.binary {
		wire = face.Binary
	}
	if err := w.CopyOut(out.width, wire); err != nil {
		return err
	}
	if format.binary {
		out.beginBinary(copiedTypes(q, b.Subscribe))
	}
	if format.header {
		if err := out.header(q, b.Subscribe); err != nil {
			return err
		}
	}
	if b.Subscribe {
		err = s.changes(ctx, q, nil, &changeWriter{rows: out.rows, flush: w.Flush})
	} else {
		err = s.db.Runtime.Query(ctx, q, s.runAt(pin.Version(), nil), flow.OutFunc(out.rows))
	}
	if err != nil {
		return err
	}
	if format.binary {
		if err := out.endBinary(); err != nil {
			return err
		}
	}
	if err := w.CopyDone(); err != nil {
		return err
	}
	return w.Complete("COPY " + strconv.FormatInt(out.total, 10))
}

// planCopied plans what is copied and pins what it reads, if it is no subscription.
func (s *Session) planCopied(ctx context.Context, b *parse.CopyTo) (q *plan.Query, pin *lane.Pin, free func(), err error) {
	for tries := 1; ; tries++ {
		end := s.beginPlanning(ctx)
		q, err = s.planCopy(b)
		end()
		if err != nil || b.Subscribe {
			return q, nil, func() {}, err
		}
		if pin, free, err = s.pinned(ctx, q); !errors.Is(err, lane.ErrMoved) || tries == maxMoved {
			return q, pin, free, err
		}
	}
}

// copiedTypes are those of the columns that are sent.
func copiedTypes(q *plan.Query, subscribe bool) (types []sqltype.OID) {
	if subscribe {
		types = append(types, sqltype.Int8, sqltype.Int8)
	}
	return append(types, fieldTypes(q)...)
}

// planCopy plans what is copied. COPY table is the query that selects its columns, without those that are generated.
func (s *Session) planCopy(b *parse.CopyTo) (*plan.Query, error) {
	switch {
	case b.Subscribe:
		return s.planSubscription(*b.Query, nil)
	case b.Query != nil:
		return s.planQuery(*b.Query, nil)
	}
	columns, err := bind.CopySource(b, s.catalog(), s.binding())
	if err != nil {
		return nil, err
	}
	if rel, ok, err := s.named(b.Table.Schema, b.Table.Name); err == nil && ok && rel.Kind == catalog.KindTable {
		need := &plan.Need{Relation: plan.RelationID(rel.OID)}
		need.Adds(acl.Select)
		for _, c := range columns {
			need.Adds(acl.Select, rel.ColumnIndex(c))
		}
		if err := s.mayRun(&plan.Query{Needs: []*plan.Need{need}}); err != nil {
			return nil, err // before policies are looked at, as in PostgreSQL
		}
	}
	text := "SELECT "
	for i, c := range columns {
		if i > 0 {
			text += ", "
		}
		text += quoteIdent(c)
	}
	if len(columns) == 0 {
		text += "*"
	}
	text += " FROM "
	if b.Table.Schema != "" {
		text += quoteIdent(b.Table.Schema) + "."
	}
	stmts, err := parse.Parse(text + quoteIdent(b.Table.Name))
	if err != nil {
		return nil, err
	}
	return s.planQuery(stmts[0].Body.(*parse.Select).Query, nil)
}

// quoteIdent is a name as SQL text.
func quoteIdent(name string) string {
	out := []byte{'"'}
	for _, b := range []byte(name) {
		if b == '"' {
			out = append(out, '"')
		}
		out = append(out, b)
	}
	return string(append(out, '"'))
}

// copyOut writes rows in COPY's formats.
type copyOut struct {
	format copyFormat
	env    *codec.Env
	w      face.Writer
	width  int
	line   []byte
	value  []byte
	encode []face.Encode // of binary
	head   []byte        // of binary, until it is sent
	total  int64
}

func (c *copyOut) header(q *plan.Query, subscribe bool) error {
	var names []string
	if subscribe {
		names = append(names, "_version", "_diff")
	}
	for _, f := range q.Fields {
		names = append(names, f.Name)
	}
	c.line = c.line[:0]
	for i, n := range names {
		if i > 0 {
			c.line = append(c.line, c.format.delimiter)
		}
		c.field([]byte(n), false)
	}
	return c.w.CopyData(append(c.line, '\n'))
}

func (c *copyOut) rows(d *delta.Batch) error {
	one := func(row int32) error {
		if c.format.binary {
			c.binaryRow(d, row)
		} else {
			c.textRow(d, row)
		}
		for range d.Weight(row) {
			line := c.line
			if c.head != nil {
				line, c.head = append(c.head, line...), nil
			}
			if err := c.w.CopyData(line); err != nil {
				return err
			}
			c.total++
		}
		return nil
	}
	return d.EachRow(one)
}

// textRow makes the line of a row as text or csv.
func (c *copyOut) textRow(d *delta.Batch, row int32) {
	c.line = c.line[:0]
	for i := range d.Cols {
		if i > 0 {
			c.line = append(c.line, c.format.delimiter)
		}
		if d.Cols[i].Null(row) {
			c.line = append(c.line, c.format.null...)
			continue
		}
		c.value = codec.FormatText(c.value[:0], &d.Cols[i], row, c.env)
		c.field(c.value, forced(c.format.force.quoted, i))
	}
	c.line = append(c.line, '\n')
}

// csvField quotes what would read as something else: the null string, a delimiter, quote or
// line end, and a lone \. that would end the data.
func (c *copyOut) csvField(v []byte, quote bool) {
	f := c.format
	quote = quote || string(v) == f.null || bytes.IndexByte(v, f.delimiter) >= 0 || bytes.IndexByte(v, f.quote) >= 0 ||
		bytes.ContainsAny(v, "\r\n") || (c.width == 1 && string(v) == `\.`)
	if !quote {
		c.line = append(c.line, v...)
		return
	}
	c.line = append(c.line, f.quote)
	for _, b := range v {
		if b == f.quote || b == f.escape {
			c.line = append(c.line, f.escape)
		}
		c.line = append(c.line, b)
	}
	c.line = append(c.line, f.quote)
}

// field appends a value that is not NULL.
func (c *copyOut) field(v []byte, quote bool) {
	if c.format.csv {
		c.csvField(v, quote)
		return
	}
	for _, b := range v {
		switch b {
		case '\b':
			c.line = append(c.line, '\\', 'b')
		case '\f':
			c.line = append(c.line, '\\', 'f')
		case '\n':
			c.line = append(c.line, '\\', 'n')
		case '\r':
			c.line = append(c.line, '\\', 'r')
		case '\t':
			c.line = append(c.line, '\\', 't')
		case '\v':
			c.line = append(c.line, '\\', 'v')
		case '\\', c.format.delimiter:
			c.line = append(c.line, '\\', b)
		default:
			c.line = append(c.line, b)
		}
	}
}
