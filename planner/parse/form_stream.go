package parse

import "github.com/tributary-db/tributary/internal/sqlerr"

// Watermark is WATERMARK FOR column AS expression.
type Watermark struct {
	Column string
	Pos    int32 // of the column
	Expr   *Node
	ExprAt int32
}

// watermarkText is where a WATERMARK clause lies in the text.
type watermarkText struct {
	column     string
	pos        int32
	start, end int // of the expression
}

// createStream rewrites CREATE STREAM to CREATE TABLE and takes out WATERMARK FOR … AS ….
// Without a column list and AS there is nothing that the grammar could take: such a statement
// is read by hand.
func (r *rewriter) createStream(s *segment, f *form) error {
	at := 0
	for !s.is(at, "stream") {
		at++
	}
	i := at + 1
	ifNot := s.is(i, "if", "not", "exists")
	if ifNot {
		i += 3
	}
	name, n, ok := s.qualified(i)
	if !ok {
		return s.syntaxError(i)
	}
	i += n
	if at == 1 && (i >= len(s.toks) || (s.is(i, "with") && s.closing(i+1) == len(s.toks)-1)) {
		return r.byHand(s, f, func(s *segment) (Body, error) {
			opts, err := withOptions(s, i)
			return &CreateStream{Name: name, IfNotExists: ifNot, Options: opts}, err
		})
	}
	f.kind = formStream
	r.put(s, at, at, "TABLE")
	if s.is(i, "(") {
		return r.watermark(s, i, f)
	}
	return nil
}

// watermark finds WATERMARK FOR c AS e among the columns that open at token i.
func (r *rewriter) watermark(s *segment, open int, f *form) error {
	end := s.closing(open)
	for i := open + 1; i < end; {
		stop := s.elementEnd(i, end)
		if !s.is(i, "watermark", "for") {
			i = stop + 1
			continue
		}
		column, ok := s.identifier(i + 2)
		switch {
		case !ok:
			return s.syntaxError(i + 2)
		case !s.is(i+3, "as"):
			return s.syntaxError(i + 3)
		case i+4 >= stop:
			return s.syntaxError(i + 4)
		case f.watermark != nil:
			return sqlerr.New(sqlerr.InvalidTableDefinition, "multiple watermarks for a stream are not allowed").At(s.pos(i))
		}
		f.watermark = &watermarkText{
			column: column, pos: s.pos(i + 2),
			start: int(s.toks[i+4].start), end: int(s.toks[stop-1].end),
		}
		from, to := i, stop-1
		if s.is(i-1, ",") {
			from--
		} else if s.is(stop, ",") {
			to++
		}
		r.blank(s, from, to)
		i = stop + 1
	}
	return nil
}

// elementEnd is the token behind the list element that begins at token i: its comma, or the
// closing parenthesis at end.
func (s *segment) elementEnd(i, end int) int {
	for ; i < end; i++ {
		switch s.text(i) {
		case "(", "[":
			i = s.closing(i)
		case ",":
			return i
		}
	}
	return end
}

// parse reads the expression.
func (w *watermarkText) parse(sql string) (*Watermark, error) {
	e, err := parseExpr(sql, w.start, w.end, "WATERMARK")
	if err != nil {
		return nil, err
	}
	return &Watermark{Column: w.column, Pos: w.pos, Expr: e, ExprAt: int32(w.start)}, nil
}
