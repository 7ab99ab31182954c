package alter

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/test/harness"
)

// TestLayoutsHaveALimit renames a column until the table has as many layouts as it may.
func TestLayoutsHaveALimit(t *testing.T) {
	s := harness.Start(t, t.TempDir())
	c := s.Connect(t)
	text := "CREATE TABLE t (a0 int); BEGIN;"
	for i := range catalog.MaxLayouts {
		text += fmt.Sprintf("ALTER TABLE t RENAME a%d TO a%d;", i, i+1)
	}
	if _, err := c.PgConn().Exec(t.Context(), text+"COMMIT").ReadAll(); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{fmt.Sprintf("ALTER TABLE t RENAME a%d TO b", catalog.MaxLayouts), "ALTER TABLE t ADD b int", fmt.Sprintf("ALTER TABLE t ALTER a%d TYPE text", catalog.MaxLayouts)} {
		_, err := c.Exec(t.Context(), sql)
		if e, ok := err.(*pgconn.PgError); !ok || e.Code != "54000" {
			t.Errorf("%s: %v, want 54000", sql, err)
		}
	}
	if got := s.Query(t, fmt.Sprintf("SELECT count(a%d) FROM t", catalog.MaxLayouts)); len(got) != 1 || got[0] != "0" {
		t.Error(got)
	}
}
