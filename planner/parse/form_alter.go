package parse

// alterForms are the kinds whose ALTER PostgreSQL lacks.
var alterForms = map[string]ObjectKind{"stream": ObjStream, "sink": ObjSink, "topic": ObjTopic}

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
	a.Reset = s.is(i, "reset")
	if !a.Reset && !s.is(i, "set") {
		return nil, s.syntaxError(i)
	}
	var err error
	a.Options, err = optionList(s, i+1)
	return a, err
}
