package parse

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// formKind is a streaming form that PostgreSQL's grammar lacks.
type formKind uint8

const (
	formNone      formKind = iota
	formStream             // CREATE STREAM, rewritten to CREATE TABLE
	formSink               // CREATE SINK, rewritten to CREATE VIEW
	formDrop               // DROP STREAM|SINK, rewritten to DROP TABLE|VIEW
	formAlter              // ALTER STREAM|SINK with changes of columns and names, rewritten to ALTER TABLE|VIEW
	formGrant              // GRANT and REVOKE ON STREAM|SINK|TOPIC, rewritten to one without the word
	formSubscribe          // SUBSCRIBE TO, rewritten to TABLE
	formCopy               // COPY (SUBSCRIBE TO …) TO, rewritten inside
	formByHand             // nothing is left for the grammar: body is the statement
	formFetch              // FETCH … WITH (options), which are taken out
	formEmit               // only an EMIT clause
	formInside             // only forms inside a query: the statement is one of PostgreSQL's
)

// form is what was taken out of one statement's text.
type form struct {
	kind        formKind
	start, end  int // span of the statement
	object      ObjectKind
	ifNotExists bool
	topic       string
	watermark   *watermarkText
	emit        EmitMode
	emitAt      int32
	every       *Node    // EMIT EVERY
	body        Body     // formByHand
	options     []Option // formFetch
	asOfs       []asOf
}

// rewriter overwrites streaming forms in a copy of the text, never changing its length, so
// that every position in the tree that pg_query makes of it is a position in the text.
type rewriter struct {
	src string
	buf []byte
}

// rewrite recognises the streaming forms of a text that PostgreSQL refused. A statement that
// PostgreSQL takes by itself is left alone. changed tells whether anything was recognised.
func rewrite(sql string) (text string, forms []form, err error) {
	r := rewriter{src: sql, buf: []byte(sql)}
	for _, seg := range split(sql) {
		if !suspect(&seg) {
			continue
		}
		if _, perr := parseTree(sql[seg.start():seg.end()]); perr == nil {
			continue
		}
		start, end := seg.start(), seg.end()
		f, err := r.statement(&seg)
		if err != nil {
			return "", nil, err
		}
		inside := r.windows(&seg)
		if err := r.asOfs(&seg, &f); err != nil {
			return "", nil, err
		}
		inside = inside || len(f.asOfs) > 0
		switch {
		case f.kind != formNone:
		case f.emit != EmitNone:
			f.kind = formEmit
		case inside:
			f.kind = formInside
		default:
			continue
		}
		f.start, f.end = start, end
		forms = append(forms, f)
	}
	return string(r.buf), forms, nil
}

// suspect is a cheap test for a statement that may hold a form.
func suspect(s *segment) bool {
	for i := range s.toks {
		if s.kind(i) == tokWord && (s.is(i, "emit") || s.is(i, "subscribe") || s.is(i, "stream") ||
			s.is(i, "sink") || s.is(i, "topic") || s.is(i, "rebuild") || opensWindow(s, i) || s.is(i, "for", "system_time") || asOfJoin(s, i) > 0 || (i == 0 && (s.is(i, "show") || s.is(i, "describe") || s.is(i, "desc") || fetches(s)))) {
			return true
		}
	}
	return false
}

func (r *rewriter) statement(s *segment) (form, error) {
	f := form{emitAt: -1}
	if err := r.emit(s, &f); err != nil {
		return f, err
	}
	start := 0
	if s.is(0, "explain") {
		start = afterExplain(s)
	}
	var err error
	switch {
	case s.is(start, "create", "stream"):
		err = r.createStream(s, &f)
	case s.is(start, "create", "sink"):
		err = r.createSink(s, &f)
	case s.is(0, "create", "topic"):
		err = r.byHand(s, &f, createTopic)
	case s.is(0, "drop", "stream"):
		r.put(s, 1, 1, "TABLE")
		f.kind, f.object = formDrop, ObjStream
	case s.is(0, "drop", "sink"):
		r.put(s, 1, 1, "VIEW")
		f.kind, f.object = formDrop, ObjSink
	case s.is(0, "drop", "topic"):
		err = r.byHand(s, &f, dropTopic)
	case changesOther(s):
		f.kind = formAlter
		if f.object = alterForms[s.word(1)]; f.object == ObjStream {
			r.put(s, 1, 1, "TABLE")
		} else {
			r.put(s, 1, 1, "VIEW")
		}
	case s.is(0, "grant"), s.is(0, "revoke"):
		if f.object = r.grantsOther(s); f.object != 0 {
			f.kind = formGrant
		}
	case s.is(0, "alter"):
		err = r.byHand(s, &f, alterForm)
	case s.is(0, "comment"):
		err = r.byHand(s, &f, commentForm)
	case s.is(0, "show"), s.is(0, "describe"), s.is(0, "desc"):
		err = r.byHand(s, &f, showForms)
	case s.is(start, "subscribe", "to"):
		r.subscribe(s, start, &f)
		f.kind = formSubscribe
	case s.is(0, "declare"):
		if at := s.find("for", "subscribe", "to"); at > 0 {
			r.subscribe(s, at+1, &f)
			f.kind = formSubscribe
		}
	case fetches(s):
		err = r.fetch(s, &f)
	case s.is(0, "copy", "(", "subscribe", "to"):
		r.subscribe(s, 2, &f)
		f.kind = formCopy
	}
	return f, err
}

// afterExplain is the token behind EXPLAIN and its options.
func afterExplain(s *segment) int {
	i := 1
	if s.is(i, "(") {
		return s.closing(i) + 1
	}
	for s.is(i, "analyze") || s.is(i, "verbose") {
		i++
	}
	return i
}

// find is the first token from which words stand, -1 = none.
func (s *segment) find(words ...string) int {
	for i := range s.toks {
		if s.is(i, words...) {
			return i
		}
	}
	return -1
}

// closing is the token that closes the parenthesis at token i, the last one if none does.
func (s *segment) closing(i int) int {
	depth := 0
	for ; i < len(s.toks); i++ {
		switch s.text(i) {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		}
		if depth == 0 {
			return i
		}
	}
	return len(s.toks) - 1
}

// blank overwrites tokens [from, to] with blanks.
func (r *rewriter) blank(s *segment, from, to int) { r.put(s, from, to, "") }

// put overwrites tokens [from, to] with text and blanks; newlines stay.
//
// REQUIRES: text is not longer than the tokens.
func (r *rewriter) put(s *segment, from, to int, text string) {
	start, end := int(s.toks[from].start), int(s.toks[to].end)
	for i := start; i < end; i++ {
		if r.buf[i] != '\n' {
			r.buf[i] = ' '
		}
	}
	copy(r.buf[start:end], text)
}

func (r *rewriter) subscribe(s *segment, i int, f *form) {
	if s.is(i+2, "(") {
		r.blank(s, i, i+1)
		return
	}
	r.put(s, i, i+1, "TABLE")
}

// byHand takes a whole statement out of the text.
func (r *rewriter) byHand(s *segment, f *form, parse func(*segment) (Body, error)) error {
	body, err := parse(s)
	if err != nil || body == nil {
		return err
	}
	f.kind, f.body = formByHand, body
	r.blank(s, 0, len(s.toks)-1)
	return nil
}

// syntaxError is PostgreSQL's complaint about token i.
func (s *segment) syntaxError(i int) error {
	if i >= len(s.toks) {
		return sqlerr.New(sqlerr.SyntaxError, "syntax error at end of input").At(int32(s.end()))
	}
	return sqlerr.New(sqlerr.SyntaxError, "syntax error at or near \"%s\"", s.text(i)).At(s.pos(i))
}
