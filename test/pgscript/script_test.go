package pgscript

import (
	"testing"

	"github.com/tributary-db/tributary/test/pgoracle"
)

// TestOnPostgreSQL: the expected transcripts are PostgreSQL's (-rewrite asks it again).
func TestOnPostgreSQL(t *testing.T) {
	dsn := pgoracle.DSN(t)
	network, address := pgoracle.Socket(t, dsn)
	cfg := pgoracle.Connect(t, dsn).Config()
	Files(t, "testdata", network, address, cfg.User, cfg.Database)
}
