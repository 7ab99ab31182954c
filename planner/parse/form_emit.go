package parse

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
		mode, n := emitClause(s, i+1)
		end := i + 1 + n
		if n == 0 || (end < len(s.toks) && (limit == 0 || !s.is(end, ")"))) {
			continue
		}
		f.emit, f.emitAt = mode, s.pos(i)
		if s.is(i+1, "every") {
			var err error
			if f.every, err = parseExpr(s.src, int(s.pos(i+2)), int(s.toks[end-1].end), "EMIT EVERY"); err != nil {
				return err
			}
		}
		r.blank(s, i, end-1)
		s.toks = append(s.toks[:i:i], s.toks[end:]...)
		return nil
	}
	return nil
}

// emitClause reads what follows EMIT; n is the number of its tokens, 0 = not an EMIT clause. EVERY [INTERVAL] 'length'
// [unit] is CHANGES that are gathered; FINAL is another word for ON WINDOW CLOSE.
func emitClause(s *segment, i int) (mode EmitMode, n int) {
	switch {
	case s.is(i, "changes"):
		return EmitChanges, 1
	case s.is(i, "on", "window", "close"):
		return EmitOnWindowClose, 3
	case s.is(i, "final"):
		return EmitOnWindowClose, 1
	case s.is(i, "every"):
		n = 1
		if s.is(i+n, "interval") {
			n++
		}
		if s.kind(i+n) != tokString {
			return EmitNone, 0
		}
		if n++; s.kind(i+n) == tokWord {
			n++
		}
		return EmitChanges, n
	}
	return EmitNone, 0
}
