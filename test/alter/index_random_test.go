package alter

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// indexHistory makes statements about tables with indexes that keep rows apart, and reads by them.
type indexHistory struct {
	r     *rand.Rand
	made  int
	block bool
	saved bool
}

func (h *indexHistory) of(list ...string) string { return list[h.r.IntN(len(list))] }

func (h *indexHistory) row(id int) string {
	return fmt.Sprintf("(%d, %s, %s, %s)", id, h.of("1", "2", "3", "4", "5", "NULL"), h.of("'x'", "'X'", "'y'", "'Y'", "'z'", "'zz'", "NULL"), h.of("true", "false", "NULL"))
}

func (h *indexHistory) rows() string {
	out := h.row(h.r.IntN(40))
	for range h.r.IntN(3) {
		out += ", " + h.row(h.r.IntN(40))
	}
	return out
}

func (h *indexHistory) condition() string {
	return h.of("lower(b) = 'x'", "lower(b) = 'y' AND c", "a = 2 AND c", "a = 3 AND b IS NOT NULL", "a + 1 = 3", "c AND lower(b) = 'z'", "a = 1 AND a > 0", "id = 7",
		"a % 2 = 1 AND c IS NOT NULL", "b = 'X' AND c", "a IS NULL", "upper(b) = 'ZZ' AND a = 4")
}

func (h *indexHistory) index(t string) string {
	h.made++
	return fmt.Sprintf("CREATE %sINDEX i%d ON %s %s", h.of("", "UNIQUE ", "UNIQUE "), h.made, t, h.of("(lower(b))", "(lower(b)) WHERE c", "(a) WHERE c", "(a) WHERE b IS NOT NULL",
		"((a + 1), lower(b))", "(a, c) NULLS NOT DISTINCT", "(a DESC) WHERE a > 0", "((a % 2), id) WHERE c IS NOT NULL", "(b) WHERE c", "(upper(b), a)", "(lower(b)) NULLS NOT DISTINCT WHERE a = 1"))
}

func (h *indexHistory) next() string {
	t := h.of("p", "q")
	switch n := h.r.IntN(40); {
	case n < 8:
		return fmt.Sprintf("INSERT INTO %s VALUES %s", t, h.rows())
	case n < 16:
		if n < 12 {
			return fmt.Sprintf("INSERT INTO %s VALUES %s ON CONFLICT %s", t, h.rows(), h.of("DO NOTHING", "(lower(b)) DO NOTHING", "(lower(b)) WHERE c DO NOTHING", "(a) WHERE c DO NOTHING",
				"(a) WHERE a = 3 DO NOTHING", "(a, c) DO NOTHING"))
		}
		return fmt.Sprintf("INSERT INTO %s VALUES %s ON CONFLICT %s", t, h.row(h.r.IntN(40)), h.of(
			"(a) WHERE c DO UPDATE SET b = excluded.b", "(lower(b)) DO UPDATE SET a = excluded.a, c = NOT "+t+".c", "(a) WHERE b IS NOT NULL AND c DO UPDATE SET id = excluded.id",
			"((a + 1), lower(b)) DO UPDATE SET c = true", "(b) WHERE c DO UPDATE SET a = "+t+".a + 1", "(a, c) DO UPDATE SET b = 'Y'"))
	case n < 22:
		// One row: of several PostgreSQL holds each to the others as they were, and an UPDATE here only to what it leaves.
		return fmt.Sprintf("UPDATE p SET %s WHERE id = %d", h.of("c = NOT c", "a = a + 1", "b = upper(b)", "b = lower(b), a = 2", "c = true", "id = id + 1", "a = NULL"), h.r.IntN(40))
	case n < 25:
		return fmt.Sprintf("DELETE FROM %s WHERE %s", t, h.condition())
	case n < 30:
		return h.index(t)
	case n < 32:
		return fmt.Sprintf("DROP INDEX i%d", 1+h.r.IntN(h.made+1))
	case n < 33 && !h.block:
		return fmt.Sprintf("ALTER TABLE %s ADD COLUMN IF NOT EXISTS d%d int DEFAULT %d", t, h.r.IntN(3), h.r.IntN(9))
	case n < 34 && !h.block:
		return fmt.Sprintf("TRUNCATE %s", t)
	case n < 37:
		if h.block = !h.block; h.block {
			h.saved = false
			return "BEGIN"
		}
		return h.of("COMMIT", "COMMIT", "ROLLBACK")
	}
	if !h.block {
		return fmt.Sprintf("ALTER TABLE %s ALTER COLUMN a TYPE %s", t, h.of("int", "bigint"))
	}
	if h.saved {
		return "ROLLBACK TO s"
	}
	h.saved = true
	return "SAVEPOINT s"
}

// TestRandomIndexes: whatever happens to rows and indexes, statements do and rows are what PostgreSQL has, also where they are read by an index.
func TestRandomIndexes(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("TRIBUTARY_TEST_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	t.Logf("TRIBUTARY_TEST_SEED=%d", seed)
	p, h := newPair(t), &indexHistory{r: rand.New(rand.NewPCG(seed, 0))}
	var told []string
	both := func(sql string) {
		got, want := p.answer(p.ours, sql), p.answer(p.pg.PgConn(), sql)
		if !same(got, want) {
			t.Fatalf("%s\nours:\n%s\nPostgreSQL:\n%s\nafter:\n%v", sql, got, want, told)
		}
	}
	both("CREATE TABLE p (id int PRIMARY KEY, a int, b text, c boolean)")
	both("CREATE TABLE q (id int, a int, b text, c boolean)")
	for range 600 {
		sql := h.next()
		told = append(told, sql+";\n")
		both(sql)
		if !h.block && h.r.IntN(60) == 0 {
			kill := h.r.IntN(2) == 0
			told = append(told, fmt.Sprintf("-- again, kill: %v\n", kill))
			p.again(kill)
		}
		for _, table := range []string{"p", "q"} {
			both("SELECT id, a, b, c FROM " + table + " ORDER BY 1, 2, 3, 4")
			both("SELECT id, a, b, c FROM " + table + " WHERE " + h.condition() + " ORDER BY 1, 2, 3, 4")
		}
	}
}
