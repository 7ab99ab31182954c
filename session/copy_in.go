package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/columnar"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// copyRows is how many rows of a COPY are written together.
const copyRows = 8192

// copyFrom is COPY table FROM STDIN: one statement, whatever its size.
func (s *Session) copyFrom(ctx context.Context, b *parse.CopyFrom, w face.Writer) error {
	if b.File != "" {
		return sqlerr.New(sqlerr.InsufficientPrivilege, "COPY from a file of the server is not supported").WithHint("Use COPY FROM STDIN, or psql's \\copy.")
	}
	if b.Where {
		return unsupported("COPY FROM … WHERE")
	}
	format, err := readCopyOptions(b.Options)
	if err != nil {
		return err
	}
	if format.columnar == columnar.Parquet {
		return unsupported("COPY FROM in format parquet").WithHint("Use FORMAT arrow, csv or text.")
	}
	rel, columns, defaults, err := bind.CopyTarget(b, s.db.Catalog.Now(), bind.Options{Settings: s.set.derived, NoParams: true})
	if err != nil {
		return err
	}
	c, err := s.newCopyIn(ctx, rel, columns, defaults)
	if err != nil {
		return err
	}
	wire := face.Text
	if format.columnar != 0 {
		wire = face.Binary
	}
	data, err := w.CopyIn(len(columns), wire)
	if err != nil {
		return err
	}
	if format.columnar != 0 {
		if err := c.arrow(ctx, data); err != nil {
			return err
		}
		return w.Complete("COPY " + strconv.FormatInt(c.total, 10))
	}
	r := &copyReader{format: format}
	header := format.header
	for !r.eof {
		chunk, err := data.Next(ctx)
		if errors.Is(err, io.EOF) {
			r.eof = true
		} else if err != nil {
			return err
		}
		r.feed(chunk)
		if err := c.rowsOf(ctx, r, &header); err != nil {
			var e *sqlerr.Error
			if errors.As(err, &e) && e.Detail == "" {
				e.Detail = fmt.Sprintf("COPY %s, line %d.", rel.Name, r.line)
			}
			return err
		}
	}
	if err := c.flush(ctx); err != nil {
		return err
	}
	return w.Complete("COPY " + strconv.FormatInt(c.total, 10))
}

// copyIn writes the rows of a COPY.
type copyIn struct {
	s        *Session
	rel      *catalog.Relation
	columns  []int
	defaults []plan.Expr
	rows     *delta.BatchBuilder
	env      *codec.Env
	tx       *table.Tx
	table    *table.Table
	stream   *streamWriter
	total    int64
}

func (s *Session) newCopyIn(ctx context.Context, rel *catalog.Relation, columns []int, defaults []plan.Expr) (*copyIn, error) {
	tx, err := s.writer(ctx, "COPY FROM")
	if err != nil {
		return nil, err
	}
	types := make([]sqltype.OID, len(rel.Columns))
	for i := range rel.Columns {
		types[i] = rel.Columns[i].Type.OID
	}
	c := &copyIn{s: s, rel: rel, columns: columns, defaults: defaults, rows: delta.NewBatchBuilder(types), env: s.codecEnv(), tx: tx}
	if rel.Kind == catalog.KindStream {
		c.stream, err = s.newStreamWriter(rel)
		return c, err
	}
	c.table, err = s.db.Tables.Get(ctx, rel.OID)
	return c, err
}

// rowsOf takes the rows that the reader has.
func (c *copyIn) rowsOf(ctx context.Context, r *copyReader, header *bool) error {
	for {
		fields, ok, err := r.next()
		if err != nil || !ok {
			return err
		}
		if *header {
			*header = false
			continue
		}
		if err := c.row(fields); err != nil {
			return err
		}
		if c.rows.Len() >= copyRows {
			if err := c.flush(ctx); err != nil {
				return err
			}
		}
	}
}

func (c *copyIn) row(fields [][]byte) error {
	if len(fields) > len(c.columns) {
		return sqlerr.New(sqlerr.BadCopyFileFormat, "extra data after last expected column")
	}
	for i, at := range c.columns {
		if i >= len(fields) {
			return sqlerr.New(sqlerr.BadCopyFileFormat, "missing data for column %q", c.rel.Columns[at].Name)
		}
		b := c.rows.Cols[at]
		if fields[i] == nil {
			b.AppendNull()
			continue
		}
		if err := codec.AppendText(b, c.rel.Columns[at].Type, fields[i], c.env); err != nil {
			return err
		}
	}
	if err := c.fillDefaults(); err != nil {
		return err
	}
	c.rows.End(1)
	c.total++
	return nil
}

// fillDefaults appends to the columns that are not copied.
func (c *copyIn) fillDefaults() error {
	for at, e := range c.defaults {
		if e == nil {
			continue
		}
		v, err := c.s.db.Folder.Fold(e, c.s.set.derived, nil)
		if err != nil {
			return err
		}
		c.rows.Cols[at].AppendFrom(&v.Value, 0)
	}
	return nil
}

func (c *copyIn) flush(ctx context.Context) error {
	if c.rows.Len() == 0 {
		if c.stream != nil {
			return c.stream.flush(c.tx)
		}
		return nil
	}
	batch := c.rows.Batch()
	defer c.rows.Clear()
	if c.stream != nil {
		if err := c.stream.add(&batch); err != nil {
			return err
		}
		return c.stream.flush(c.tx)
	}
	_, err := c.tx.Insert(ctx, c.table, &batch)
	return err
}
