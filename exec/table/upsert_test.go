package table_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// upsertOf makes an Upsert whose update is a function of the rows' texts; "" = the row stays.
func (f *fixture) upsertOf(tb *table.Table, to func(old, excluded string) string, arbiters ...catalog.OID) *table.Upsert {
	u := &table.Upsert{Arbiters: arbiters}
	if to == nil {
		return u
	}
	u.Update = func(_ context.Context, old, excluded *delta.Batch, _ []int32) (delta.Batch, []int32, error) {
		var lines []string
		var of []int32
		for i := range int32(old.Len) {
			if row := to(show(old.Cols, i), show(excluded.Cols, i)); row != "" {
				lines, of = append(lines, row), append(of, i)
			}
		}
		if of == nil {
			return delta.Batch{}, nil, nil
		}
		return *f.rows(tb, lines...), of, nil
	}
	return u
}

// randomUpsert is an INSERT … ON CONFLICT of several rows, row by row in the model as PostgreSQL does it.
func (f *fixture) randomUpsert(r *rand.Rand, tx *table.Tx, tb *table.Table, now model) (what string, err error, fails bool) {
	indexes := f.cat.Now().Indexes(tb.Relation().OID)
	arbiter, update := r.IntN(3), r.IntN(2) == 0
	var arbiters []catalog.OID
	switch {
	case arbiter > 0:
		arbiters = []catalog.OID{indexes[arbiter-1].OID}
	case update || r.IntN(2) == 0:
		arbiters = []catalog.OID{tb.Relation().OID}
	}
	var lines []string
	for range 1 + r.IntN(4) {
		v := [2]string{"-", "-"}
		for c := range v {
			if r.IntN(3) > 0 {
				v[c] = strconv.Itoa(r.IntN(60))
			}
		}
		lines = append(lines, strconv.Itoa(r.IntN(12))+" "+v[0]+" "+v[1])
	}
	// An update takes b's new value, or leaves rows with an even id alone.
	to := func(old, excluded string) string {
		o, e := strings.Split(old, " "), strings.Split(excluded, " ")
		if first(o[0])%2 == 0 {
			return ""
		}
		return o[0] + " " + o[1] + " " + e[2]
	}
	fails = now.upsert(lines, arbiter, len(arbiters) == 0, update, to)
	if !update {
		to = nil
	}
	u := f.upsertOf(tb, to, arbiters...)
	defer u.Drop()
	_, err = tx.Upsert(f.t.Context(), tb, f.rows(tb, lines...), u)
	return fmt.Sprint("upsert ", lines, " arbiter ", arbiter, " of all ", len(arbiters) == 0, " update ", update), err, fails
}

// upsert does to the model what PostgreSQL does, and reports whether it fails.
func (m model) upsert(lines []string, arbiter int, all, update bool, to func(old, excluded string) string) (fails bool) {
	written := map[string]bool{}
	for _, line := range lines {
		w := strings.Split(line, " ")
		hit := m.find(w, arbiter)
		if all {
			for c := 0; c < 3 && hit == ""; c++ {
				hit = m.find(w, c)
			}
		}
		switch {
		case hit == "":
			_, taken := m[w[0]]
			fails = fails || taken || m.conflict(w[0], [2]string{w[1], w[2]})
			m[w[0]] = [2]string{w[1], w[2]}
			written[w[0]] = true
		case update && written[hit]:
			return true
		case update:
			if row := to(hit+" "+m[hit][0]+" "+m[hit][1], line); row != "" {
				n := strings.Split(row, " ")
				fails = fails || m.conflict(hit, [2]string{n[1], n[2]})
				m[hit] = [2]string{n[1], n[2]}
				written[hit] = true
			}
		}
		if fails {
			return true
		}
	}
	return false
}

// find is the id of the row that has the value of a column, "" = none.
func (m model) find(w []string, column int) string {
	for id, v := range m {
		if column == 0 && id == w[0] || column > 0 && w[column] != "-" && v[column-1] == w[column] {
			return id
		}
	}
	return ""
}

// TestUpsertCounts: many at once count in the same few rows, found by the primary key and by a unique
// index, beside updates and deletes of them; no count is lost.
func TestUpsertCounts(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, n int, b text", []int{0}, []int{2})
	byB := f.cat.Now().Indexes(tb.Relation().OID)[0].OID
	add := func(old, _ string) string {
		w := strings.Split(old, " ")
		return w[0] + " " + strconv.Itoa(first(w[1])+1) + " " + w[2]
	}
	var wg sync.WaitGroup
	const writers, rounds = 6, 40
	for w := range writers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 7))
			for done := 0; done < rounds; {
				k := r.IntN(3)
				arbiter, id := tb.Relation().OID, k
				if w%2 == 1 {
					arbiter, id = byB, 100+w*rounds+done // a fresh id, the same b
				}
				tx := f.set.Begin(0)
				var err error
				if w == 0 && done%4 == 3 {
					_, err = f.change(t.Context(), tx, tb, false, 0, func(row string) bool { return strings.HasSuffix(row, fmt.Sprint("b", k)) }, func(row string) string { return add(row, "") })
				} else {
					u := f.upsertOf(tb, add, arbiter)
					_, err = tx.Upsert(t.Context(), tb, f.rows(tb, fmt.Sprintf("%d 1 b%d", id, k)), u)
					u.Drop()
				}
				switch {
				case err == nil:
					if n, _ := countOf(f.contents(tx, tb)); n == 0 {
						t.Error("nothing is there")
					}
					f.commit(tx)
					done++
				case sqlerr.CodeOf(err) == sqlerr.UniqueViolation || sqlerr.CodeOf(err) == sqlerr.DeadlockDetected:
					// By the primary key another row with the same b may be there already.
					tx.Rollback()
					if sqlerr.CodeOf(err) == sqlerr.UniqueViolation {
						done++
					}
				default:
					t.Error(err)
					tx.Rollback()
					return
				}
			}
		})
	}
	wg.Wait()
}

func countOf(rows []string) (n, sum int) {
	for _, row := range rows {
		n++
		sum += first(strings.Split(row, " ")[1])
	}
	return n, sum
}

// TestUpsertLosesNothing: concurrent counting in one row by a unique index, with updates by the primary key
// between, adds up.
func TestUpsertLosesNothing(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, n int, b text", []int{0}, []int{2})
	f.write(tb, "1 0 x")
	byB := f.cat.Now().Indexes(tb.Relation().OID)[0].OID
	add := func(old, _ string) string {
		w := strings.Split(old, " ")
		return w[0] + " " + strconv.Itoa(first(w[1])+1) + " " + w[2]
	}
	var wg sync.WaitGroup
	const writers, rounds = 5, 60
	for w := range writers {
		wg.Go(func() {
			for i := range rounds {
				tx := f.set.Begin(0)
				var err error
				if w == 0 {
					_, err = f.change(t.Context(), tx, tb, false, 0, func(row string) bool { return first(row) == 1 }, func(row string) string { return add(row, "") })
				} else {
					u := f.upsertOf(tb, add, byB)
					_, err = tx.Upsert(t.Context(), tb, f.rows(tb, fmt.Sprintf("%d 1 x", 1000*w+i)), u)
					u.Drop()
				}
				if err != nil {
					t.Error(err) // no order of keys differs here, so no deadlock either
					tx.Rollback()
					return
				}
				f.commit(tx)
			}
		})
	}
	wg.Wait()
	wantRows(t, f.contents(nil, tb), fmt.Sprintf("1 %d x", writers*rounds))
}
