package docs

import (
	"fmt"
	"strings"

	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// systemRelations is docs/sql/system-relations.md.
func systemRelations() string {
	var b strings.Builder
	b.WriteString(head("System relations",
		"What the server knows of itself, for SELECT. They are of the moment of reading: a view, a sink or a\n"+
			"subscription over one is refused with `0A000`."))
	for _, r := range system.All() {
		fmt.Fprintf(&b, "\n## %s.%s\n\n%s\n\n| column | type | meaning |\n|---|---|---|\n", r.Schema, r.Name, r.Doc)
		for _, c := range r.Columns {
			fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", c.Name, sqltype.TypeName(sqltype.Of(c.Type)), c.Doc)
		}
	}
	return b.String()
}
