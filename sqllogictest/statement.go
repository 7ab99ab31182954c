package sqllogictest

import (
	"context"
	"fmt"
	"slices"
)

// statement runs a statement record and follows what it does to the relations.
func (r *Runner) statement(ctx context.Context, rec *Record, count bool) {
	var a answer
	wrong := r.again(ctx, rec, func() string {
		a = r.ask(ctx, rec.SQL)
		return rec.judge(a)
	})
	skip := ""
	if wrong != "" {
		if skip = a.unsupported(); skip == "" {
			skip = r.taintOf(rec.SQL)
		}
		if skip != "" {
			r.taint(rec.SQL, skip)
		}
	}
	if a.err == nil {
		r.follow(rec.SQL)
	}
	if count {
		r.outcome(rec, wrong, skip)
	}
}

// judge says what is wrong with the answer to a statement.
func (rec *Record) judge(a answer) string {
	switch {
	case rec.Error && a.err == nil:
		return "an error was expected"
	case rec.Error && a.code() == "":
		return fmt.Sprintf("an error of the statement was expected: %v", a.err)
	case rec.Error && a.code() == "0A000" && rec.Code != "0A000":
		return a.err.Error() // to be skipped: it is not known whether the statement is wrong
	case rec.Error && rec.Code != "" && rec.Code != a.code():
		return fmt.Sprintf("error %s was expected: %v", rec.Code, a.err)
	case rec.Error:
		return ""
	case a.err != nil:
		return a.err.Error()
	case rec.Tag != "" && rec.Tag != a.tag:
		return fmt.Sprintf("got tag %q, want %q", a.tag, rec.Tag)
	}
	return ""
}

// follow keeps the list of what exists.
func (r *Runner) follow(sql string) {
	if rel, ok := created(sql); ok {
		r.relations = append(r.relations, rel)
		if topic, ok := topicOf(rel, sql); ok {
			r.topics = append(r.topics, topic)
		}
		delete(r.tainted, rel.name)
	}
	if rel, ok := dropped(sql); ok {
		r.relations = slices.DeleteFunc(r.relations, func(have relation) bool { return have.name == rel.name })
	}
}

// taint remembers that a skipped statement should have made or changed a relation.
func (r *Runner) taint(sql, why string) {
	if rel, ok := created(sql); ok {
		r.tainted[rel.name] = why
	}
	if name, ok := written(sql); ok {
		r.tainted[name] = why
	}
}
