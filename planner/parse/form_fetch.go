package parse

// fetches: the statement is FETCH or MOVE.
func fetches(s *segment) bool { return s.is(0, "fetch") || s.is(0, "move") }

// fetch takes WITH (options) behind a FETCH or MOVE out of the text.
func (r *rewriter) fetch(s *segment, f *form) error {
	at := s.find("with", "(")
	if at < 0 || s.closing(at+1) != len(s.toks)-1 {
		return nil
	}
	options, err := optionList(s, at+1)
	if err != nil {
		return err
	}
	f.kind, f.options = formFetch, options
	r.blank(s, at, len(s.toks)-1)
	return nil
}
