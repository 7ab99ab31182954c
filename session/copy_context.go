package session

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// copyPlace is where in its data a COPY is, for the CONTEXT of an error.
type copyPlace struct {
	line   int
	raw    []byte // the line, where it is text; nil = not known
	column string // whose value is being read, "" = none
	value  []byte // as it stands in the data, nil where it is binary
	lines  []int  // of the rows that are not written yet
}

// in gives an error the place where it came up, as PostgreSQL tells it.
func (p *copyPlace) in(table string, err error) error {
	e := ofData(err)
	if e == nil {
		return err
	}
	e.Context = fmt.Sprintf("COPY %s, line %d", table, p.line)
	switch {
	case p.column != "" && p.value != nil:
		e.Context += fmt.Sprintf(", column %s: \"%s\"", p.column, shortened(p.value))
	case p.column != "":
		e.Context += ", column " + p.column
	case p.raw != nil:
		e.Context += fmt.Sprintf(": \"%s\"", shortened(p.raw))
	}
	return e
}

// ofData is a copy of an error that says nothing of its place yet, nil where err is none or has nothing to do with the
// data: the end of a statement is one error for all who wait for it.
func ofData(err error) *sqlerr.Error {
	var e *sqlerr.Error
	if !errors.As(err, &e) || e.Context != "" || strings.HasPrefix(string(e.Code), "57") {
		return nil
	}
	own := *e
	return &own
}

// maxShown is how many bytes of data a CONTEXT shows.
const maxShown = 100

func shortened(b []byte) string {
	if len(b) <= maxShown {
		return string(b)
	}
	n := maxShown
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return string(b[:n]) + "..."
}

// written gives the error of rows that were written together the line of the first that check refuses too, or else the
// lines of all of them.
func (p *copyPlace) written(table string, err error, rows *delta.Batch, check func(*delta.Batch) error) error {
	e := ofData(err)
	if e == nil || len(p.lines) != rows.Len || rows.Len == 0 {
		return err
	}
	first, last := p.lines[0], p.lines[rows.Len-1]
	for i := 0; check != nil && first < last && i < rows.Len; i++ {
		one := delta.Batch{Len: 1, Cols: make([]delta.Column, len(rows.Cols))}
		for c := range rows.Cols {
			one.Cols[c] = rows.Cols[c].Slice(i, i+1)
		}
		if check(&one) != nil {
			first, last = p.lines[i], p.lines[i]
		}
	}
	if e.Context = fmt.Sprintf("COPY %s, line %d", table, first); first < last {
		e.Context = fmt.Sprintf("COPY %s, lines %d to %d", table, first, last)
	}
	return e
}
