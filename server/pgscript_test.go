package server_test

import (
	"testing"

	"github.com/tributary-db/tributary/test/pgscript"
)

// TestScripts gives the transcripts that PostgreSQL gave.
func TestScripts(t *testing.T) {
	s := local(t)
	pgscript.Files(t, "../test/pgscript/testdata", "tcp", s.PGAddr.String(), "tributary", "tributary")
}
