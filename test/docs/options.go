package docs

import (
	"fmt"
	"strings"

	"github.com/tributary-db/tributary/planner/bind"
)

// Options returns docs/sql/options.md.
func Options() string {
	var b strings.Builder
	b.WriteString(head("WITH options", "What stands in the `WITH (name = value, …)` of each statement; in COPY and EXPLAIN it is `(name value, …)`. An option\n"+
		"that a statement does not know, and a value that an option does not have, are refused (`22023`; `42601` and `0A000` in\n"+
		"COPY and EXPLAIN, as PostgreSQL does); nothing is ignored."))
	for _, s := range bind.WithOptions() {
		fmt.Fprintf(&b, "\n## %s\n\n| option | values | without it | meaning |\n|---|---|---|---|\n", s.Statement)
		for _, o := range s.Options {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", o.Name, o.Values, o.Default, o.Doc)
		}
	}
	return b.String()
}
