package session

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// createExtension refuses as PostgreSQL refuses an extension whose files it has not: none is there.
func createExtension(b *parse.CreateExtension) error {
	return sqlerr.New(sqlerr.FeatureNotSupported, "extension %q is not available", b.Name).
		WithDetail("There are no extensions here.").
		WithHint("Functions of PostgreSQL itself, gen_random_uuid() for one, need none.")
}
