package parse

// alterForms are the kinds whose ALTER PostgreSQL lacks.
var alterForms = map[string]ObjectKind{"stream": ObjStream, "sink": ObjSink, "topic": ObjTopic}

// alterForm reads the ALTER that PostgreSQL lacks. It gives nil for what it does not know.
func alterForm(s *segment) (Body, error) {
	if b := alterRebuild(s); b != nil {
		return b, nil
	}
	return alterSet(s)
}

// rebuildForms are the kinds whose ALTER has REBUILD, by their words.
var rebuildForms = []struct {
	words []string
	kind  ObjectKind
}{
	{[]string{"table"}, ObjTable}, {[]string{"materialized", "view"}, ObjMaterializedView},
	{[]string{"stream"}, ObjStream}, {[]string{"sink"}, ObjSink},
}

// alterRebuild reads ALTER TABLE | MATERIALIZED VIEW | STREAM | SINK [IF EXISTS] name REBUILD [FROM WHAT IS LEFT], and
// nothing else.
func alterRebuild(s *segment) Body {
	for _, f := range rebuildForms {
		if !s.is(1, f.words...) {
			continue
		}
		a := &AlterRebuild{Kind: f.kind}
		i := 1 + len(f.words)
		if s.is(i, "if", "exists") {
			a.IfExists = true
			i += 2
		}
		name, n, ok := s.qualified(i)
		if !ok || !s.is(i+n, "rebuild") {
			return nil
		}
		a.Name = name
		i += n + 1
		if s.is(i, "from", "what", "is", "left") {
			a.Left = true
			i += 4
		}
		if i != len(s.toks) {
			return nil
		}
		return a
	}
	return nil
}

// alterSet reads ALTER STREAM | SINK | TOPIC [IF EXISTS] name SET (option = value, …) and RESET (option, …).
// It gives nil for what it does not know.
func alterSet(s *segment) (Body, error) {
	a := &AlterSet{}
	for word, kind := range alterForms {
		if s.is(1, word) {
			a.Kind = kind
		}
	}
	if a.Kind == 0 {
		return nil, nil
	}
	i := 2
	if s.is(i, "if", "exists") {
		a.IfExists = true
		i += 2
	}
	if topic, ok := s.topicName(i); ok && a.Kind == ObjTopic {
		a.Name = Name{Name: topic, Pos: s.pos(i)}
		i++
	} else {
		name, n, ok := s.qualified(i)
		if !ok {
			return nil, s.syntaxError(i)
		}
		a.Name = name
		i += n
	}
	if to, n, ok := s.qualified(i + 2); ok && s.is(i, "set", "schema") && a.Kind != ObjTopic {
		if i+2+n != len(s.toks) || to.Schema != "" {
			return nil, s.syntaxError(i + 2)
		}
		return &SetSchema{Kind: a.Kind, Name: a.Name, IfExists: a.IfExists, Schema: to.Name}, nil
	}
	a.Reset = s.is(i, "reset")
	if !a.Reset && !s.is(i, "set") {
		return nil, s.syntaxError(i)
	}
	var err error
	a.Options, err = optionList(s, i+1)
	return a, err
}
