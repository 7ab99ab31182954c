package temporary

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// history makes statements over a few tables, temporary and permanent ones of the same names, in blocks and out of them.
type history struct {
	*rand.Rand
	p          *pair
	block      bool
	savepoints int
}

var tables = []string{"t0", "t1", "t2"}

func (h *history) pick(of ...string) string { return of[h.IntN(len(of))] }

func (h *history) table() string { return tables[h.IntN(len(tables))] }

// create makes a table; all have the columns that the other statements name, unless ALTER TABLE took them.
func (h *history) create() string {
	name := h.table()
	key := h.pick("", " primary key", " unique")
	if h.IntN(6) == 0 {
		return fmt.Sprintf("create table if not exists %s (a int%s, b text)", name, key)
	}
	end := h.pick("", "", "", " on commit preserve rows", " on commit delete rows", " on commit drop")
	switch h.IntN(4) {
	case 0:
		return fmt.Sprintf("create temp table %s%s as select g as a, 'r' || g as b from generate_series(1, %d) g", name, end, h.IntN(6))
	case 1:
		return fmt.Sprintf("create temp table %s (a int%s, b text, n serial)%s", name, key, end)
	case 2:
		return fmt.Sprintf("create temp table %s (a int%s default 7, b text check (b <> 'bad'))%s", name, key, end)
	}
	return fmt.Sprintf("create temp table if not exists pg_temp.%s (a int%s, b text)%s", name, key, end)
}

func (h *history) definition() string {
	t := h.table()
	switch h.IntN(12) {
	case 0:
		return fmt.Sprintf("alter table %s add column c%d int default %d", t, h.IntN(3), h.IntN(9))
	case 1:
		return fmt.Sprintf("alter table %s drop column if exists c%d", t, h.IntN(3))
	case 2:
		return fmt.Sprintf("alter table %s alter column %s", t, h.pick("a type bigint", "b type varchar(40)", "b type text using b || '.'"))
	case 3:
		return fmt.Sprintf("create index %s_x on %s (%s)", t, t, h.pick("a", "b", "a, b"))
	case 4:
		return fmt.Sprintf("create unique index %s_u on %s (%s)", t, t, h.pick("a", "b"))
	case 5:
		return fmt.Sprintf("drop index if exists %s_%s", t, h.pick("x", "u"))
	case 6:
		return fmt.Sprintf("alter table %s add constraint ck check (a < 90)", t)
	case 7:
		return fmt.Sprintf("alter table %s drop constraint if exists ck", t)
	case 8:
		return fmt.Sprintf("create or replace temp view v as select a::text, b from %s", t)
	case 9:
		return "drop view if exists v"
	case 10:
		return h.pick("discard temp", "drop table if exists pg_temp."+t+" cascade")
	}
	return fmt.Sprintf("drop table if exists %s cascade", t)
}

func (h *history) change() string {
	t := h.table()
	n := h.IntN(12)
	switch h.IntN(9) {
	case 0:
		return fmt.Sprintf("update %s set b = b || '%d' where a %% 3 = %d", t, n, n%3)
	case 1:
		return fmt.Sprintf("update %s set a = a + 100 where a = %d", t, n)
	case 2:
		return fmt.Sprintf("delete from %s where a %% 4 = %d", t, n%4)
	case 3:
		return fmt.Sprintf("truncate %s", t)
	case 4:
		return fmt.Sprintf("insert into %s (a, b) select a + %d, b from %s", t, 1+n, h.table())
	case 5:
		return fmt.Sprintf("insert into %s (a, b) values (%d, 'u') on conflict do nothing", t, n)
	case 6:
		return fmt.Sprintf("with gone as (delete from %s where a = %d returning a, b) insert into %s (a, b) select a, b from gone", t, n, h.table())
	}
	return fmt.Sprintf("insert into %s (a, b) values (%d, '%s'), (%d, 'y')", t, n, h.pick("x", "x", "x", "bad"), n+20)
}

func (h *history) transaction() string {
	switch {
	case !h.block:
		h.block, h.savepoints = true, 0
		return h.pick("begin", "begin", "begin isolation level repeatable read")
	case h.IntN(3) == 0:
		h.block = false
		return h.pick("commit", "commit", "rollback")
	case h.savepoints == 0 || h.IntN(2) == 0:
		h.savepoints++
		return fmt.Sprintf("savepoint s%d", h.savepoints)
	}
	at := 1 + h.IntN(h.savepoints)
	if h.IntN(4) == 0 {
		h.savepoints = at - 1
		return fmt.Sprintf("release s%d", at)
	}
	h.savepoints = at
	return fmt.Sprintf("rollback to s%d", at)
}

func (h *history) statement() string {
	switch n := h.IntN(20); {
	case n < 3:
		return h.create()
	case n < 6:
		return h.definition()
	case n < 14:
		return h.change()
	}
	return h.transaction()
}

// look reads all that there is.
func (h *history) look() {
	for _, t := range tables {
		h.p.both("select * from " + t)
		h.p.both("select b from " + t + " where a = 5")
	}
	h.p.both("select * from v")
	h.p.both("select relname, relpersistence, relkind from pg_class where relname in ('t0', 't1', 't2', 'v') and (relpersistence = 'p' or relnamespace = pg_my_temp_schema()) order by 1, 2")
}

// TestRandomHistories: whatever is done, temporary tables have the rows that PostgreSQL's have.
func TestRandomHistories(t *testing.T) {
	seed, histories := rand.Uint64(), 30
	if s := os.Getenv("TRIBUTARY_TEST_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	if os.Getenv("TRIBUTARY_TEST_LONG") != "" {
		histories = 500
	}
	t.Logf("TRIBUTARY_TEST_SEED=%d", seed)
	p := newPair(t)
	h := &history{Rand: rand.New(rand.NewPCG(seed, 0)), p: p}
	answered, refused := 0, 0
	for n := range histories {
		p.as = fmt.Sprint("session ", n)
		h.block = false
		var past []string
		for range 50 {
			sql := h.statement()
			past = append(past, sql)
			if a := p.both(sql); strings.Contains(a, "ERROR") {
				refused++
				if h.block && h.savepoints > 0 && h.IntN(2) == 0 { // else the block stays failed until it ends
					past = append(past, "rollback to s1")
					h.savepoints = 1
					p.both("rollback to s1")
				}
			} else {
				answered++
			}
			if !h.block || h.IntN(4) == 0 {
				h.lookIn()
			}
			if t.Failed() {
				t.Fatalf("history %d:\n%s;", n, strings.Join(past, ";\n"))
			}
		}
		p.both("rollback")
		p.both("drop table if exists public.t0, public.t1, public.t2 cascade")
		p.leave(p.as)
	}
	t.Logf("%d statements were done, %d refused", answered, refused)
	if answered < histories*15 {
		t.Error("too few statements were done")
	}
}

// lookIn reads what there is where a name that is not there does not end the block.
func (h *history) lookIn() {
	if !h.block {
		h.look()
		return
	}
	h.p.both("savepoint look")
	for _, t := range append([]string{"v"}, tables...) {
		if strings.Contains(h.p.both("select * from "+t), "ERROR") {
			h.p.both("rollback to look")
		}
	}
	h.p.both("release look")
}
