package parse

import pg "github.com/pganalyze/pg_query_go/v5"

// Describe is DESCRIBE name and SHOW COLUMNS FROM name.
type Describe struct{ Name Name }

// ShowCreate is SHOW CREATE [kind] name.
type ShowCreate struct{ Name Name }

func (*Describe) body()   {}
func (*ShowCreate) body() {}

// showForms reads the SHOWs that PostgreSQL's grammar lacks, and DESCRIBE; nil for what it does
// not know.
func showForms(s *segment) (Body, error) {
	switch {
	case s.is(0, "describe"), s.is(0, "desc"):
		n, err := s.onlyName(1)
		return &Describe{Name: n}, err
	case s.is(0, "show", "columns") && (s.is(2, "from") || s.is(2, "in")):
		n, err := s.onlyName(3)
		return &Describe{Name: n}, err
	case s.is(0, "show", "create"):
		n, err := s.onlyName(2 + s.kindWords(2))
		return &ShowCreate{Name: n}, err
	}
	return showObjects(s)
}

// kindWords is how many tokens from i on name a kind of object in front of its name.
func (s *segment) kindWords(i int) int {
	n := 0
	switch {
	case s.is(i, "materialized", "view"):
		n = 2
	case s.is(i, "table"), s.is(i, "stream"), s.is(i, "sink"), s.is(i, "topic"), s.is(i, "index"), s.is(i, "view"):
		n = 1
	}
	if i+n >= len(s.toks) {
		return 0 // an object that has the name of a kind
	}
	return n
}

// onlyName reads a name that is the rest of the statement.
func (s *segment) onlyName(i int) (Name, error) {
	n, took, ok := s.qualified(i)
	if !ok {
		if text, isText := s.literal(i); isText { // a topic
			n, took, ok = Name{Name: text, Pos: s.pos(i)}, 1, true
		}
	}
	switch {
	case !ok:
		return n, s.syntaxError(i)
	case i+took < len(s.toks):
		return n, s.syntaxError(i + took)
	}
	return n, nil
}

// IsPlainName reports whether a name reads as itself without quotes, wherever a name may stand.
func IsPlainName(name string) bool {
	for i, c := range []byte(name) {
		if c != '_' && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	scan, err := pg.Scan(name)
	return err == nil && len(scan.Tokens) == 1 && scan.Tokens[0].KeywordKind == pg.KeywordKind_NO_KEYWORD
}
