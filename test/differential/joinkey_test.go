package differential

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// failingKeys are joins whose keys fail for some rows: an overflow, a cast, a division.
var failingKeys = []string{
	"SELECT l.id, r.m FROM l JOIN r ON l.id + 1 = r.id",
	"SELECT l.s, r.m FROM l, r WHERE l.s::int = r.id",
	"SELECT l.id, r.id FROM l JOIN r ON l.id = r.id AND 12 / l.n = r.m",
	"SELECT l.id, r.id FROM l, r WHERE r.m = 12 / l.n AND l.n > 0",
	"SELECT count(*), sum(r.m) FROM l, r WHERE l.s::numeric = r.m * 1000000000::int",
	"SELECT l.id, k.s FROM l JOIN r ON l.s::int = r.id JOIN l k ON k.id + 1 = r.m",
	"SELECT r.m FROM r JOIN (SELECT s::bigint + n AS x FROM l WHERE s <> 'x') q ON q.x = r.m",
}

// TestFailingKeys: a join whose key may fail is keyed all the same; its rows, its error and that of
// a view are PostgreSQL's, while rows with bad keys come and go.
func TestFailingKeys(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	r := &run{T: t, ctx: t.Context(), oracle: pgoracle.Start(t), lacking: map[string]int{}}
	r.ours = harness.Start(t, t.TempDir()).Connect(t)
	for _, sql := range []string{
		"CREATE TABLE l (pk int PRIMARY KEY, id int, s text, n int)", "CREATE TABLE r (pk int PRIMARY KEY, id int, m bigint)",
		"INSERT INTO l VALUES (-1, 1, '2', 3)", "INSERT INTO r VALUES (-1, 2, 4)", // no side is ever empty
	} {
		r.change(sql)
	}
	for i, q := range failingKeys {
		r.must(r.ours, createView(fmt.Sprintf("v%d", i), query{sql: q, columns: columnsOf(t, r, q)}))
	}
	failed, healed, wasBad := 0, 0, make([]bool, len(failingKeys))
	for range 60 {
		r.change(keyChange(rnd))
		for i, q := range failingKeys {
			want, wantErr := harness.Rows(r.ctx, r.oracle, q)
			slices.Sort(want)
			for _, sql := range []string{q, fmt.Sprintf("SELECT * FROM v%d", i)} {
				got, err := harness.Rows(r.ctx, r.ours, sql)
				slices.Sort(got)
				switch {
				case wantErr == nil:
					r.same(sql, query{sql: q}, got, want, err)
				case !strings.HasPrefix(code(err), code(wantErr)[:2]): // of two keys that fail either may be told
					t.Errorf("%s (%s)\ngot %v %v\nwant %v\nafter %v", sql, q, got, err, wantErr, r.history)
				}
			}
			if wantErr != nil {
				failed++
			} else if wasBad[i] {
				healed++
			}
			wasBad[i] = wantErr != nil
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d answers with %d rows, %d failed, %d healed", r.compared, r.rows, failed, healed)
	if failed == 0 || healed == 0 || r.rows == 0 {
		t.Errorf("nothing was put to the test")
	}
}

func columnsOf(t *testing.T, r *run, sql string) int {
	t.Helper()
	rows, err := r.oracle.Query(r.ctx, sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	return len(rows.FieldDescriptions())
}

func keyChange(rnd *rand.Rand) string {
	pk := rnd.IntN(6)
	switch rnd.IntN(6) {
	case 0:
		return "DELETE FROM l WHERE pk >= 0 AND (s = 'x' OR n = 0 OR id > 100)"
	case 1:
		return fmt.Sprintf("DELETE FROM r WHERE pk = %d", pk)
	case 2, 3:
		return fmt.Sprintf("INSERT INTO r VALUES (%d, %d, %d)", 100+rnd.IntN(1_000_000), rnd.IntN(6), rnd.IntN(8))
	}
	id, s, n := rnd.IntN(6), fmt.Sprint(rnd.IntN(6)), 1+rnd.IntN(6)
	switch rnd.IntN(6) {
	case 0:
		id = 1<<31 - 1
	case 1:
		s = "x"
	case 2:
		n = 0
	}
	return fmt.Sprintf("INSERT INTO l VALUES (%d, %d, '%s', %d)", pk, id, s, n)
}
