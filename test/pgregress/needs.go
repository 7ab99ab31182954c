package pgregress

import (
	"regexp"
	"strings"
)

// unfit tells by the text what a statement needs that the comparison leaves aside.
var unfit = []struct {
	why  string
	text *regexp.Regexp
}{
	{"EXPLAIN", regexp.MustCompile(`(?is)^\s*explain\b`)},
	{"PL/pgSQL or C", regexp.MustCompile(`(?is)\blanguage\s+'?"?(plpgsql|c|internal)\b|^\s*do\b|^\s*call\b|\bplpgsql\b|create\s+(or\s+replace\s+)?procedure`)},
	{"inheritance", regexp.MustCompile(`(?is)\binherits?\b\s*[(\w]|\bpartition\s+(of|by\s+(list|range|hash)\b)|\battach\s+partition|\bdetach\s+partition|^\s*alter\s+table\s+.*\binherit\b`)},
	{"large objects", regexp.MustCompile(`(?is)\blo_\w+\s*\(|\bpg_largeobject|\blarge\s+object\b`)},
	{"rules", regexp.MustCompile(`(?is)\bcreate\s+(or\s+replace\s+)?rule\b|\bdrop\s+rule\b|\balter\s+rule\b|\b(enable|disable)\s+(always\s+|replica\s+)?rule\b`)},
	{"triggers", regexp.MustCompile(`(?is)\btrigger\b`)},
	{"writes to pg_class", regexp.MustCompile(`(?is)^\s*update\s+pg_class\b`)},
	{"replication", regexp.MustCompile(`(?is)\b(publication|subscription|replica\s+identity)\b|replication_|pg_logical|pg_walfile`)},
}

// unfitFiles are about what is left aside, or about psql itself, from their first line to their last; they are not run.
var unfitFiles = map[string]string{
	"plpgsql": "PL/pgSQL or C", "create_function_c": "PL/pgSQL or C", "create_procedure": "PL/pgSQL or C", "triggers": "triggers", "rules": "rules",
	"inherit": "inheritance", "partition_join": "inheritance", "partition_prune": "inheritance", "partition_aggregate": "inheritance", "partition_info": "inheritance",
	"hash_part": "inheritance", "indexing": "inheritance", "largeobject": "large objects", "publication": "replication", "subscription": "replication",
	"replica_identity": "replication", "event_trigger": "triggers", "psql": "psql", "psql_crosstab": "psql", "infinite_recurse": "PL/pgSQL or C",
}

var made = regexp.MustCompile(`(?is)^\s*create\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+|unlogged\s+|foreign\s+|constraint\s+|event\s+)*(?:table|function|procedure|view|trigger|rule|aggregate|operator|type)\s+(?:if\s+not\s+exists\s+)?([\w."]+)`)

// aside remembers what of a file is not there for the reason that it was kept out.
type aside struct{ names []*regexp.Regexp }

// why is the reason for which a statement is kept out, or empty.
func (a *aside) why(text string) string {
	for _, u := range unfit {
		if u.text.MatchString(text) {
			a.remember(text)
			return u.why
		}
	}
	for _, name := range a.names {
		if name.MatchString(text) {
			a.remember(text)
			return "of what was kept out"
		}
	}
	return ""
}

func (a *aside) remember(text string) {
	if m := made.FindStringSubmatch(text); m != nil {
		parts := strings.Split(m[1], ".")
		a.names = append(a.names, regexp.MustCompile(`(?i)\b`+regexp.QuoteMeta(strings.Trim(parts[len(parts)-1], `"`))+`\b`))
	}
}
