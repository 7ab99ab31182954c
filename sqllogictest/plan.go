package sqllogictest

import (
	"regexp"
	"strings"
)

// What a statement does to the set of relations, found without a parser: the files' statements
// are plain enough, and what is missed makes a run fail, never pass.
var (
	reCreate = regexp.MustCompile(`(?is)^\s*create\s+(?:temp\s+|temporary\s+)?(table|view|materialized\s+view|stream|sink|schema)\s+(?:if\s+not\s+exists\s+)?("[^"]+"|[\w.]+)`)
	reDrop   = regexp.MustCompile(`(?is)^\s*drop\s+(table|view|materialized\s+view|stream|sink|schema)\s+(?:if\s+exists\s+)?("[^"]+"|[\w.]+)`)
	reWrite  = regexp.MustCompile(`(?is)^\s*(?:insert\s+into|update|delete\s+from|copy|truncate(?:\s+table)?|alter\s+table)\s+("[^"]+"|[\w.]+)`)
	reQuery  = regexp.MustCompile(`(?is)^\s*(?:\(|select\b|values\b|table\b|with\b)`)
	reGives  = regexp.MustCompile(`(?i)\b(?:returning|nextval|setval|currval|lastval|pg_get_serial_sequence)\b`)
	reTopic  = regexp.MustCompile(`(?i)\btopic\s*=?\s*'([^']*)'`)
	reWord   = regexp.MustCompile(`"[^"]+"|[a-z_][\w.]*`)
)

// relation is something created in a file.
type relation struct {
	kind string // "TABLE", "MATERIALIZED VIEW", …
	name string // lower case, without quotes
	sql  string // as it was written
}

func created(sql string) (relation, bool) { return match(reCreate, sql) }
func dropped(sql string) (relation, bool) { return match(reDrop, sql) }

func match(re *regexp.Regexp, sql string) (relation, bool) {
	m := re.FindStringSubmatch(sql)
	if m == nil {
		return relation{}, false
	}
	return relation{strings.ToUpper(strings.Join(strings.Fields(m[1]), " ")), plainName(m[2]), m[2]}, true
}

// topicOf is the topic that the creation of a stream or sink made, or found.
func topicOf(rel relation, sql string) (string, bool) {
	if rel.kind != "STREAM" && rel.kind != "SINK" {
		return "", false
	}
	if m := reTopic.FindStringSubmatch(sql); m != nil {
		return m[1], true
	}
	return rel.name, true
}

// written is the relation that a statement changes.
func written(sql string) (string, bool) {
	m := reWrite.FindStringSubmatch(sql)
	if m == nil {
		return "", false
	}
	return plainName(m[1]), true
}

// plainName is how relations are told apart: upper case does not matter, quoted or not.
func plainName(written string) string { return strings.ToLower(strings.Trim(written, `"`)) }

// viewable: a query record that could define a view; others (INSERT … RETURNING, nextval) run as they are.
func viewable(sql string) bool { return reQuery.MatchString(sql) && !reGives.MatchString(sql) }

// words are the identifiers and keywords of a statement, in lower case; quoted strings count
// too, which only makes a view start later than it could.
func words(sql string) []string {
	found := reWord.FindAllString(strings.ToLower(sql), -1)
	for i, w := range found {
		found[i] = plainName(w)
	}
	return found
}

// beforeView is a view that stands for one or more queries of the same text.
type beforeView struct {
	sql     string
	columns int
	after   int   // index of the record after which it is made, -1 = at the start
	queries []int // indices of the records that read it, ascending
}

// planBefore finds for each query the earliest place for its view: after the last creation
// of a relation it names. Equal queries made at the same place share a view, which then is
// read again after each change.
func planBefore(records []*Record) []*beforeView {
	type key struct {
		sql   string
		after int
		width int
	}
	made := map[string]int{} // live relation -> index of its creation
	shared := map[key]*beforeView{}
	var views []*beforeView
	for i, r := range records {
		if r.Statement {
			if rel, ok := created(r.SQL); ok && !r.Error {
				made[rel.name] = i
			}
			if rel, ok := dropped(r.SQL); ok && !r.Error {
				delete(made, rel.name)
			}
			continue
		}
		if !viewable(r.SQL) {
			continue
		}
		after := -1
		for _, w := range words(r.SQL) {
			if at, ok := made[w]; ok {
				after = max(after, at)
			}
		}
		k := key{r.SQL, after, len(r.Types)}
		v := shared[k]
		if v == nil {
			v = &beforeView{sql: r.SQL, columns: len(r.Types), after: after}
			shared[k] = v
			views = append(views, v)
		}
		v.queries = append(v.queries, i)
	}
	return views
}
