package parse

import "github.com/tributary-db/tributary/internal/sqlerr"

// emit finds an EMIT clause at the end of a statement, outside parentheses or inside those of
// COPY (…), and takes it out of the text.
func (r *rewriter) emit(s *segment, f *form) error {
	depth, limit := 0, 0
	if s.is(0, "copy", "(") {
		limit = 1
	}
	for i := range s.toks {
		switch s.text(i) {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		}
		if depth > limit || !s.is(i, "emit") {
			continue
		}
		mode, n, err := emitClause(s, i+1)
		if err != nil {
			return err
		}
		end := i + 1 + n
		if n == 0 || (end < len(s.toks) && (limit == 0 || !s.is(end, ")"))) {
			continue
		}
		f.emit, f.emitAt = mode, s.pos(i)
		r.blank(s, i, end-1)
		s.toks = append(s.toks[:i:i], s.toks[end:]...)
		return nil
	}
	return nil
}

// emitClause reads what follows EMIT; n is the number of its tokens, 0 = not an EMIT clause.
func emitClause(s *segment, i int) (mode EmitMode, n int, err error) {
	switch {
	case s.is(i, "changes"):
		return EmitChanges, 1, nil
	case s.is(i, "on", "window", "close"):
		return EmitOnWindowClose, 3, nil
	case s.is(i, "final"):
		return 0, 0, sqlerr.New(sqlerr.FeatureNotSupported, "EMIT FINAL is not supported").At(s.pos(i - 1)).
			WithHint("Use EMIT ON WINDOW CLOSE to emit each window once, or read the view when its input has ended.")
	case s.is(i, "every"):
		return 0, 0, sqlerr.New(sqlerr.FeatureNotSupported, "EMIT EVERY is not supported").At(s.pos(i - 1)).
			WithHint("Use EMIT CHANGES, or SUBSCRIBE TO the view, which sends complete ticks.")
	}
	return 0, 0, nil
}
