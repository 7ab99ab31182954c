package parse

import "strings"

// createTopic reads CREATE TOPIC [IF NOT EXISTS] name [WITH (option = value, …)].
func createTopic(s *segment) (Body, error) {
	t := &CreateTopic{}
	i := 2
	if s.is(i, "if", "not", "exists") {
		t.IfNotExists = true
		i += 3
	}
	name, ok := s.topicName(i)
	if !ok {
		return nil, s.syntaxError(i)
	}
	t.Name, t.Pos = name, s.pos(i)
	var err error
	t.Options, err = withOptions(s, i+1)
	return t, err
}

// dropTopic reads DROP TOPIC [IF EXISTS] name, … [CASCADE|RESTRICT].
func dropTopic(s *segment) (Body, error) {
	d := &Drop{Kind: ObjTopic}
	i := 2
	if s.is(i, "if", "exists") {
		d.IfExists = true
		i += 2
	}
	for {
		name, ok := s.topicName(i)
		if !ok {
			return nil, s.syntaxError(i)
		}
		d.Names = append(d.Names, Name{Name: name, Pos: s.pos(i)})
		i++
		if !s.is(i, ",") {
			break
		}
		i++
	}
	if s.is(i, "cascade") || s.is(i, "restrict") {
		d.Cascade = s.is(i, "cascade")
		i++
	}
	if i < len(s.toks) {
		return nil, s.syntaxError(i)
	}
	return d, nil
}

// showObjects reads SHOW MATERIALIZED VIEWS: the other SHOWs have PostgreSQL's form. It gives
// nil for what it does not know.
func showObjects(s *segment) (Body, error) {
	if s.is(1, "materialized", "views") && len(s.toks) == 3 {
		return &ShowObjects{Kind: ObjMaterializedView}, nil
	}
	return nil, nil
}

// withOptions reads WITH (name = value, …) to the end of the statement, from token i on.
func withOptions(s *segment, i int) ([]Option, error) {
	if i >= len(s.toks) {
		return nil, nil
	}
	if !s.is(i, "with") {
		return nil, s.syntaxError(i)
	}
	return optionList(s, i+1)
}

// optionList reads (name = value, …) to the end of the statement, from token i on.
func optionList(s *segment, i int) ([]Option, error) {
	if !s.is(i, "(") {
		return nil, s.syntaxError(i)
	}
	var out []Option
	for i++; ; i++ {
		o, n, err := withOption(s, i)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
		if i += n; !s.is(i, ",") {
			break
		}
	}
	switch {
	case !s.is(i, ")"):
		return nil, s.syntaxError(i)
	case i+1 < len(s.toks):
		return nil, s.syntaxError(i + 1)
	}
	return out, nil
}

// withOption reads one option and tells how many tokens it took. Dotted names (cleanup.policy)
// need no quotes.
func withOption(s *segment, i int) (Option, int, error) {
	first := i
	name, ok := s.identifier(i)
	if !ok {
		return Option{}, 0, s.syntaxError(i)
	}
	o := Option{Name: name, Pos: s.pos(i)}
	for i++; s.is(i, "."); i += 2 {
		part, ok := s.identifier(i + 1)
		if !ok {
			return Option{}, 0, s.syntaxError(i + 1)
		}
		o.Name += "." + part
	}
	if !s.is(i, "=") {
		return o, i - first, nil
	}
	i++
	sign := ""
	if s.is(i, "-") || s.is(i, "+") {
		sign = strings.TrimPrefix(s.text(i), "+")
		i++
	}
	switch v, isText := s.literal(i); {
	case s.kind(i) == tokNumber:
		o.Kind, o.Value = OptNumber, sign+s.text(i)
	case isText && sign == "":
		o.Kind, o.Value = OptString, v
	case s.kind(i) == tokWord && sign == "":
		o.Kind, o.Value = OptWord, strings.ToLower(s.text(i))
	default:
		return Option{}, 0, s.syntaxError(i)
	}
	return o, i + 1 - first, nil
}
