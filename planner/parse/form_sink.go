package parse

// createSink rewrites CREATE SINK [IF NOT EXISTS] name [(columns)] TO TOPIC 'topic' [WITH (…)]
// AS query to CREATE VIEW.
func (r *rewriter) createSink(s *segment, f *form) error {
	at := 0
	for !s.is(at, "sink") {
		at++
	}
	f.kind = formSink
	r.put(s, at, at, "VIEW")
	i := at + 1
	if s.is(i, "if", "not", "exists") {
		f.ifNotExists = true
		r.blank(s, i, i+2)
		i += 3
	}
	_, n, ok := s.qualified(i)
	if !ok {
		return s.syntaxError(i)
	}
	i += n
	if s.is(i, "(") {
		i = s.closing(i) + 1
	}
	switch {
	case !s.is(i, "to"):
		return s.syntaxError(i)
	case !s.is(i+1, "topic"):
		return s.syntaxError(i + 1)
	}
	topic, ok := s.topicName(i + 2)
	if !ok {
		return s.syntaxError(i + 2)
	}
	f.topic = topic
	r.blank(s, i, i+2)
	return nil
}

// topicName is a topic as an identifier or a string.
func (s *segment) topicName(i int) (string, bool) {
	if name, ok := s.identifier(i); ok {
		return name, true
	}
	name, ok := s.literal(i)
	return name, ok && name != ""
}
