package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
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
	"github.com/tributary-db/tributary/storage/log"
)

// copyRows and copyBytes are how many rows of a COPY, and bytes of them, are written together.
const copyRows, copyBytes = 8192, 4 << 20

// copyFrom is COPY table FROM STDIN. Into a table it is one statement; into a stream, outside a
// block and behind nothing else of its transaction, it commits as it goes, so that it may be of
// any size.
func (s *Session) copyFrom(ctx context.Context, b *parse.CopyFrom, w face.Writer) error {
	if b.File != "" {
		return sqlerr.New(sqlerr.InsufficientPrivilege, "COPY from a file of the server is not supported").WithHint("Use COPY FROM STDIN, or psql's \\copy.")
	}
	if b.Where {
		return unsupported("COPY FROM … WHERE")
	}
	format, err := s.copyOptions(b.Options, true)
	if err != nil {
		return err
	}
	var rel *catalog.Relation
	var columns []int
	var defaults []plan.Expr
	for {
		at := s.catalog()
		var needs []*plan.Need
		if rel, columns, defaults, needs, err = bind.CopyTarget(b, at, s.binding()); err != nil {
			return err
		}
		if err := s.mayRun(&plan.Query{Needs: needs}); err != nil {
			return err
		}
		if at.RowsAre(s.who.current, rel) {
			if s.set.get("row_security") == "off" {
				return bind.RowsRefused(rel, at, s.who.current)
			}
			return sqlerr.New(sqlerr.FeatureNotSupported, "COPY FROM not supported with row-level security").WithHint("Use INSERT statements instead.")
		}
		if err := s.lock(ctx, "COPY FROM", rel.OID, table.Shared); err != nil {
			return err
		}
		if at.Version() == s.catalog().Version() {
			break // else it may have changed while it was waited for
		}
	}
	if err := format.force.resolve(namesAt(rel, columns), rel); err != nil {
		return err
	}
	c, err := s.newCopyIn(ctx, rel, columns, defaults)
	if err != nil {
		return err
	}
	s.tx.keys.forget()
	defer c.rules.close()
	wire := face.Text
	if format.columnar != 0 || format.binary {
		wire = face.Binary
	}
	data, err := w.CopyIn(len(columns), wire)
	if err != nil {
		return err
	}
	switch {
	case format.binary:
		err = c.binary(ctx, data)
	case format.columnar == columnar.Arrow:
		err = c.arrow(ctx, data)
	case format.columnar == columnar.Parquet:
		err = c.parquet(ctx, data)
	default:
		err = c.lines(ctx, format, data)
	}
	if err == nil {
		err = s.tx.keys.settle(ctx)
	}
	if err != nil {
		return c.sayDurable(err)
	}
	return w.Complete("COPY " + strconv.FormatInt(c.total, 10))
}

// lines writes the rows of text and csv.
func (c *copyIn) lines(ctx context.Context, format copyFormat, data face.CopyIn) error {
	r := &copyReader{format: format, store: []byte{}}
	header := format.header
	held := c.s.hold()
	defer held.drop()
	for !r.eof {
		chunk, err := data.Next(ctx)
		if errors.Is(err, io.EOF) {
			r.eof = true
		} else if err != nil {
			return err
		}
		r.feed(chunk)
		if err := held.set(int64(cap(r.buf))); err != nil { // a row may be as long as maxCopyLine
			return err
		}
		if err := c.rowsOf(ctx, r, &header); err != nil {
			return c.place.in(c.rel.Name, err)
		}
	}
	return c.flush(ctx)
}

// sayDurable adds to the error of a COPY into a stream how much of it was not taken back.
func (c *copyIn) sayDurable(err error) error {
	if c.stream == nil {
		return err
	}
	e := *userError(err, c.s.db.Logger).(*sqlerr.Error)
	if e.Detail != "" {
		e.Detail += " "
	}
	switch {
	case c.unsure > 0:
		e.Detail += fmt.Sprintf("The first %d rows are in the stream, and the next %d may be; a COPY into a stream commits as it goes.", c.durable, c.unsure)
	case c.durable > 0:
		e.Detail += fmt.Sprintf("The first %d rows are in the stream; a COPY into a stream commits as it goes.", c.durable)
	default:
		e.Detail += "No row is in the stream."
	}
	return &e
}

// refusals are the errors of a commit that certainly did not happen.
var refusals = []error{log.ErrTooLarge, log.ErrCondition, log.ErrFull, log.ErrUnknownTopic, log.ErrInvalidRecord}

// commitFailed: nothing of the commit is in the log. Of the other errors nobody knows.
func commitFailed(err error) bool {
	var user *sqlerr.Error
	return errors.As(err, &user) || slices.ContainsFunc(refusals, func(r error) bool { return errors.Is(err, r) })
}

// copyIn writes the rows of a COPY.
type copyIn struct {
	s        *Session
	rel      *catalog.Relation
	columns  []int
	defaults []plan.Expr // of the columns that are not copied, nil for those that are
	settings plan.Settings
	rows     *delta.BatchBuilder
	env      *codec.Env
	tx       *table.Tx
	table    *table.Table
	rules    *rowRules
	stream   *streamWriter
	bytes    int // of fields in rows
	place    copyPlace
	total    int64
	// goes: pieces are committed on the way; durable are the rows of those, unsure the rows of one
	// whose commit did not tell how it ended.
	goes            bool
	durable, unsure int64
}

func (s *Session) newCopyIn(ctx context.Context, rel *catalog.Relation, columns []int, defaults []plan.Expr) (*copyIn, error) {
	tx, err := s.writerOf(ctx, "COPY FROM", rel.OID)
	if err != nil {
		return nil, err
	}
	types := make([]sqltype.OID, len(rel.Columns))
	for i := range rel.Columns {
		types[i] = rel.Columns[i].Type.OID
	}
	c := &copyIn{s: s, rel: rel, columns: columns, defaults: defaults, rows: delta.NewBatchBuilder(types), env: s.codecEnv(), tx: tx, settings: s.runSettings()}
	if rel.Kind == catalog.KindStream {
		c.goes = !s.tx.block && !tx.Wrote()
		c.stream, err = s.newStreamWriter(rel)
		return c, err
	}
	if c.table, err = tx.Table(ctx, rel.OID); err != nil {
		return nil, err
	}
	checks, generated, err := bind.Rules(rel, s.catalog(), s.binding())
	if err != nil {
		return nil, err
	}
	if c.rules, err = s.newRules(tx, c.table, checks, generated); err != nil {
		return nil, err
	}
	domains, err := bind.DomainRules(rel, s.catalog(), s.binding())
	if err != nil {
		return nil, err
	}
	c.rules, err = c.rules.addDomains(s, tx, c.table, domains)
	return c, err
}

// rowsOf takes the rows that the reader has.
func (c *copyIn) rowsOf(ctx context.Context, r *copyReader, header *bool) error {
	for {
		fields, ok, err := r.next()
		c.place.line, c.place.raw = r.line, r.raw
		if err != nil || !ok {
			return err
		}
		if *header {
			*header = false
			continue
		}
		if err := c.row(fields, false); err != nil {
			return err
		}
		if err := c.flushFull(ctx); err != nil {
			return err
		}
	}
}

// flushFull writes the rows once there are enough.
func (c *copyIn) flushFull(ctx context.Context) error {
	if c.rows.Len() < copyRows && c.bytes < copyBytes {
		return nil
	}
	return c.flush(ctx)
}

// row takes a row whose fields are in the text form or in the binary one.
func (c *copyIn) row(fields [][]byte, binary bool) error {
	if len(fields) > len(c.columns) {
		return sqlerr.New(sqlerr.BadCopyFileFormat, "extra data after last expected column")
	}
	for i, at := range c.columns {
		if i >= len(fields) {
			return sqlerr.New(sqlerr.BadCopyFileFormat, "missing data for column %q", c.rel.Columns[at].Name)
		}
		b := c.rows.Cols[at]
		c.bytes += len(fields[i])
		if fields[i] == nil {
			b.AppendNull()
			continue
		}
		read := codec.AppendText
		if binary {
			read = codec.AppendBinary
		}
		if err := read(b, c.rel.Columns[at].Type, fields[i], c.env); err != nil {
			c.place.column = c.rel.Columns[at].Name
			if !binary {
				c.place.value = fields[i]
			}
			return err
		}
	}
	if err := c.fillDefaults(); err != nil {
		return err
	}
	c.rows.End(1)
	c.total++
	c.place.lines = append(c.place.lines, c.place.line)
	return nil
}

// fillDefaults appends to the columns that are not copied. What is the same for every row is
// computed for the first one.
func (c *copyIn) fillDefaults() error {
	for at, e := range c.defaults {
		if e == nil {
			continue
		}
		v, err := c.s.db.Folder.Fold(e, c.settings, nil)
		if err != nil {
			return err
		}
		if !plan.Volatile(e) {
			c.defaults[at] = v
		}
		c.rows.Cols[at].AppendFrom(&v.Value, 0)
	}
	return nil
}

func (c *copyIn) flush(ctx context.Context) error {
	if c.rows.Len() == 0 {
		return nil
	}
	batch := c.rows.Batch()
	defer func() {
		c.rows.Clear()
		c.place.lines = c.place.lines[:0]
	}()
	c.bytes = 0
	if c.stream != nil {
		return c.place.written(c.rel.Name, c.produce(ctx, &batch), &batch, nil)
	}
	if err := c.rules.generate(&batch); err != nil {
		return c.place.written(c.rel.Name, err, &batch, nil)
	}
	if err := c.rules.check(&batch); err != nil {
		return c.place.written(c.rel.Name, err, &batch, c.rules.check)
	}
	_, err := c.tx.Insert(ctx, c.table, &batch)
	return c.place.written(c.rel.Name, err, &batch, nil)
}

// produce writes rows of a stream, and commits them once there are enough.
func (c *copyIn) produce(ctx context.Context, rows *delta.Batch) error {
	if err := c.stream.add(rows); err != nil {
		return err
	}
	if err := c.stream.flush(ctx, c.tx); err != nil || !c.goes || !c.tx.Large() {
		return err
	}
	err := c.s.commit(ctx)
	if err != nil {
		if !commitFailed(err) {
			c.unsure = c.total - c.durable
		}
		return err
	}
	c.durable = c.total
	c.tx, err = c.s.writerOf(ctx, "COPY FROM", c.rel.OID)
	return err
}
