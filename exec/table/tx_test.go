package table_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// model is a table as a map from id to the other columns; "-" = NULL.
type model map[string][2]string

func (m model) rows() []string {
	out := []string{}
	for id, v := range m {
		out = append(out, id+" "+v[0]+" "+v[1])
	}
	slices.Sort(out)
	return out
}

// conflict reports whether another row has one of the unique values of the row.
func (m model) conflict(id string, v [2]string) bool {
	for other, w := range m {
		for c := range v {
			if other != id && v[c] != "-" && v[c] == w[c] {
				return true
			}
		}
	}
	return false
}

// TestTxAgainstModel: random statements in one Tx over a base; after each one the table, its
// key and its indexes read through the Tx as the model says, and the others see the base; then
// the commit, and a restore, give the model. However much of the Tx is staged changes nothing.
func TestTxAgainstModel(t *testing.T) {
	staged := 0
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := open(t, func(c *table.Config) { c.StageBytes = []int{0, 1, 40, 100}[seed%4] })
		tb := f.create("t", "id int, a int, b text", []int{0}, []int{1}, []int{2})
		base := model{}
		for range 3 {
			base = f.randomTx(t, r, tb, base, seed)
		}
		back := f.restored()
		wantRows(t, back.contents(nil, back.get(tb.Relation().OID)), base.rows()...)
		for _, ix := range f.cat.Now().Indexes(tb.Relation().OID) {
			wantRows(t, back.contentsAt(nil, back.get(tb.Relation().OID), ix.OID, latest), base.rows()...)
		}
		s := f.log.Stats()
		if s.StagedBytes != 0 {
			t.Fatalf("seed %d: %d bytes are still staged", seed, s.StagedBytes)
		}
		here := int(s.StagedCommits + s.StagedDrops)
		if here > 0 && f.cfg.StageBytes == 0 {
			t.Fatalf("seed %d: %d transactions were staged", seed, here)
		}
		staged += here
	}
	if staged < 150 {
		t.Fatalf("%d transactions were staged", staged)
	}
}

func (f *fixture) randomTx(t *testing.T, r *rand.Rand, tb *table.Table, base model, seed uint64) model {
	tx := f.set.Begin(0)
	now := maps.Clone(base)
	type place struct {
		at  *table.Savepoint
		now model
	}
	var places []place
	for step := range 12 {
		switch k := r.IntN(6); {
		case k == 0:
			places = append(places, place{tx.Savepoint(), maps.Clone(now)})
		case k < 3 && len(places) > 0:
			at := r.IntN(len(places))
			if k == 1 {
				tx.Release(len(places) - at)
				places = places[:at]
				break
			}
			tx.RollbackTo(places[at].at)
			tx.Release(len(places) - at - 1)
			places, now = places[:at+1], maps.Clone(places[at].now)
			f.checkReads(t, tx, tb, now, fmt.Sprintf("seed %d step %d: back to a savepoint", seed, step))
		}
		before := maps.Clone(now)
		what, err, fails := f.randomStatement(r, tx, tb, now)
		if fails {
			if code := codeOf(err); code != sqlerr.UniqueViolation && code != sqlerr.CardinalityViolation {
				t.Fatalf("seed %d step %d: %s on %v: %v", seed, step, what, before, err)
			}
			if len(places) > 0 { // or the part of it since a savepoint
				last := places[len(places)-1]
				tx.RollbackTo(last.at)
				now = maps.Clone(last.now)
				f.checkReads(t, tx, tb, now, fmt.Sprintf("seed %d step %d: back behind an error of %s on %v", seed, step, what, before))
				continue
			}
			tx.Rollback() // a failed statement ends its transaction
			wantRows(t, f.contents(nil, tb), base.rows()...)
			return base
		}
		if err != nil {
			t.Fatalf("seed %d step %d: %s on %v: %v", seed, step, what, before, err)
		}
		f.checkReads(t, tx, tb, now, fmt.Sprintf("seed %d step %d: %s on %v", seed, step, what, before))
		wantRows(t, f.contents(nil, tb), base.rows()...)
	}
	f.commit(tx)
	f.checkReads(t, nil, tb, now, fmt.Sprintf("seed %d committed", seed))
	return now
}

// randomStatement runs an INSERT, UPDATE or DELETE, and does the same to the model.
func (f *fixture) randomStatement(r *rand.Rand, tx *table.Tx, tb *table.Table, now model) (what string, err error, fails bool) {
	id := func() string { return strconv.Itoa(r.IntN(12)) }
	value := func() string {
		if r.IntN(4) == 0 {
			return "-"
		}
		return strconv.Itoa(r.IntN(60))
	}
	switch r.IntN(6) {
	case 3, 4:
		return f.randomUpsert(r, tx, tb, now)
	case 5:
		if r.IntN(3) > 0 {
			break
		}
		want := len(now)
		clear(now)
		n, err := tx.Truncate(f.t.Context(), tb)
		if err == nil && int(n) != want {
			err = fmt.Errorf("%d rows truncated, want %d", n, want)
		}
		return "truncate", err, false
	case 0:
		var lines []string
		for range 1 + r.IntN(3) {
			k, v := id(), [2]string{value(), value()}
			if r.IntN(10) > 0 { // mostly rows that fit
				for _, taken := now[k]; taken || now.conflict(k, v); _, taken = now[k] {
					k, v = strconv.Itoa(r.IntN(1000)), [2]string{value(), value()}
				}
			}
			_, taken := now[k]
			fails = fails || taken || now.conflict(k, v)
			now[k] = v
			lines = append(lines, k+" "+v[0]+" "+v[1])
		}
		return fmt.Sprint("insert ", lines), f.insert(tx, tb, lines...), fails
	case 1:
		mod, rest := 1+r.IntN(4), r.IntN(4)
		n, err := f.change(f.t.Context(), tx, tb, false, 0, func(row string) bool { return first(row)%mod == rest }, nil)
		want := 0
		for k := range now {
			if first(k)%mod == rest {
				delete(now, k)
				want++
			}
		}
		if err == nil && int(n) != want {
			err = fmt.Errorf("%d rows deleted, want %d", n, want)
		}
		return fmt.Sprintf("delete %%%d=%d", mod, rest), err, false
	}
	// An UPDATE of one column, perhaps the key, of the rows that match.
	mod, rest, column := 1+r.IntN(4), r.IntN(4), r.IntN(3)
	to := map[string]string{}
	for _, row := range now.rows() {
		if first(row)%mod == rest {
			w := strings.Split(row, " ")
			if column == 0 {
				w[0] = strconv.Itoa(first(row) + r.IntN(3))
			} else {
				w[column] = value()
			}
			to[row] = strings.Join(w, " ")
		}
	}
	next := model{}
	for k, v := range now {
		if _, changed := to[k+" "+v[0]+" "+v[1]]; !changed {
			next[k] = v
		}
	}
	for _, row := range to {
		w := strings.Split(row, " ")
		v := [2]string{w[1], w[2]}
		_, taken := next[w[0]]
		fails = fails || taken || next.conflict(w[0], v)
		next[w[0]] = v
	}
	clear(now)
	maps.Copy(now, next)
	_, err = f.change(f.t.Context(), tx, tb, false, 0, func(row string) bool { return to[row] != "" }, func(row string) string { return to[row] })
	return fmt.Sprint("update ", to), err, fails
}

// checkReads compares scans and lookups with the model.
func (f *fixture) checkReads(t *testing.T, tx *table.Tx, tb *table.Table, want model, what string) {
	t.Helper()
	rows := want.rows()
	if got := f.contents(tx, tb); !slices.Equal(got, rows) {
		t.Fatalf("%s: scan gives %q, want %q", what, got, rows)
	}
	indexes := f.cat.Now().Indexes(tb.Relation().OID)
	for at, typ := range []sqltype.OID{sqltype.Int4, sqltype.Int4, sqltype.Text} {
		index := tb.Relation().OID * 0
		if at > 0 {
			index = indexes[at-1].OID
			if got := f.contentsAt(tx, tb, index, latest); !slices.Equal(got, rows) {
				t.Fatalf("%s: scan of index %d gives %q, want %q", what, at, got, rows)
			}
		}
		for k := range 14 {
			key := delta.Const(sqltype.Int4, int32(k), 1)
			if typ == sqltype.Text {
				key = delta.ConstBytes(sqltype.Text, []byte(strconv.Itoa(k)), 1)
			}
			match := []string{}
			for _, row := range rows {
				if strings.Split(row, " ")[at] == strconv.Itoa(k) {
					match = append(match, row)
				}
			}
			if got := f.contentsAt(tx, tb, index, latest, key); !slices.Equal(got, match) {
				t.Fatalf("%s: lookup of column %d = %d gives %q, want %q", what, at, k, got, match)
			}
		}
	}
}

func TestNoKeyTable(t *testing.T) {
	f := open(t)
	tb := f.create("t", "a int, b text", nil)
	f.write(tb, "1 x", "1 x", "- -", "2 y")
	tx := f.set.Begin(0)
	if err := f.insert(tx, tb, "1 x"); err != nil {
		t.Fatal(err)
	}
	wantRows(t, f.contents(tx, tb), "1 x", "1 x", "1 x", "- -", "2 y")
	n, err := f.change(t.Context(), tx, tb, false, 0, func(r string) bool { return r == "1 x" }, func(string) string { return "3 z" })
	if err != nil || n != 3 {
		t.Fatal(n, err)
	}
	wantRows(t, f.contents(tx, tb), "3 z", "3 z", "3 z", "- -", "2 y")
	f.commit(tx)
	wantRows(t, f.contents(nil, tb), "3 z", "3 z", "3 z", "- -", "2 y")

	// Row ids go on after a restore: new rows stand beside the old ones.
	back := f.restored()
	bt := back.get(tb.Relation().OID)
	wantRows(t, back.contents(nil, bt), "3 z", "3 z", "3 z", "- -", "2 y")
	back.write(bt, "9 n")
	wantRows(t, back.contents(nil, bt), "3 z", "3 z", "3 z", "- -", "2 y", "9 n")
	// Also when the last rows are gone again: a tombstone's id is not used anew.
	tx = back.set.Begin(0)
	if _, err := back.change(t.Context(), tx, bt, false, 0, func(string) bool { return true }, nil); err != nil {
		t.Fatal(err)
	}
	back.commit(tx)
	highest := back.highestID(t, bt)
	again := back.restored()
	at := again.get(tb.Relation().OID)
	wantRows(t, again.contents(nil, at))
	again.write(at, "1 one")
	if id := again.highestID(t, at); id <= highest {
		t.Fatalf("row id %d comes after %d", id, highest)
	}
}

var seenIDs = map[*table.Table]int64{}

// highestID is the largest row id that a table has or had when last asked.
func (f *fixture) highestID(t *testing.T, tb *table.Table) int64 {
	t.Helper()
	b := f.scan(nil, tb, 0, latest).Batch()
	high := seenIDs[tb]
	for i := range int32(b.Len) {
		c := &b.Cols[len(b.Cols)-1]
		high = max(high, delta.Values[int64](c)[c.At(i)])
	}
	if b.Len == 0 && high == 0 {
		high = 6 // ids 1 to 6 were given to the six rows that are gone
	}
	seenIDs[tb] = high
	return high
}

func TestBigTransactionRestores(t *testing.T) {
	f := open(t, func(c *table.Config) { c.MaxRecordBatch, c.StageBytes = 4000, 10_000 })
	tb := f.create("t", "id int, v int", []int{0})
	var want, lines []string
	for i := range 20_000 {
		lines = append(lines, fmt.Sprintf("%d %d", i, i))
	}
	tx := f.set.Begin(0)
	for i := 0; i < len(lines); i += 500 {
		if err := f.insert(tx, tb, lines[i:i+500]...); err != nil {
			t.Fatal(err)
		}
	}
	v := f.commit(tx)
	tx = f.set.Begin(0)
	if _, err := f.change(t.Context(), tx, tb, false, 0, func(r string) bool { return first(r)%2 == 0 }, nil); err != nil {
		t.Fatal(err)
	}
	f.commit(tx)
	back := f.restored()
	wantRows(t, f.contentsAt(nil, tb, 0, v), slices.Clone(lines)...)
	for i := range 20_000 {
		if i%2 == 1 {
			want = append(want, lines[i])
		}
	}
	wantRows(t, back.contents(nil, back.get(tb.Relation().OID)), want...)
}

// TestExactRestore: values that JSON alone does not give back.
func TestExactRestore(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, a jsonb, b json", []int{0})
	f.write(tb, "1 null null", "2 - -", "3 [null] [1]", "4 \"null\" \t{}\n")
	want := f.contents(nil, tb)
	back := f.restored()
	wantRows(t, back.contents(nil, back.get(tb.Relation().OID)), want...)
}

// TestKeyImages: a key that changes its image only is one row, also for who reads the topic.
func TestKeyImages(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id numeric, v int", []int{0})
	f.write(tb, "1.0 1")
	tx := f.set.Begin(0)
	wantCode(t, f.insert(tx, tb, "1.00 2"), sqlerr.UniqueViolation)
	tx.Rollback()
	tx = f.set.Begin(0)
	if _, err := f.change(t.Context(), tx, tb, false, 0, func(string) bool { return true }, func(string) string { return "1.00 2" }); err != nil {
		t.Fatal(err)
	}
	f.commit(tx)
	back := f.restored()
	wantRows(t, back.contents(nil, back.get(tb.Relation().OID)), "1.00 2")
	if got := f.compacted(t, tb); len(got) != 1 || got[`{"id":1.00}`] == "" {
		t.Fatalf("the compacted topic holds %v", got)
	}
}

func TestSizeLimit(t *testing.T) {
	for _, stage := range []int{0, 1000} {
		f := open(t, func(c *table.Config) { c.MaxBytes, c.StageBytes = 10_000, stage })
		tb := f.create("t", "id int, v text", []int{0})
		tx := f.set.Begin(0)
		var err error
		n := 0
		for ; n < 1000 && err == nil; n++ {
			err = f.insert(tx, tb, fmt.Sprintf("%d %s", n, strings.Repeat("x", 100)))
		}
		wantCode(t, err, sqlerr.ProgramLimitExceeded)
		if n < 70 || n > 100 {
			t.Fatalf("stage at %d: refused after %d rows", stage, n)
		}
		tx.Rollback()
		wantRows(t, f.contents(nil, tb))
		if n := f.set.LocksHeld(); n != 0 {
			t.Fatalf("%d locks are left", n)
		}
	}
}

func TestNotNull(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, v text", []int{0})
	tx := f.set.Begin(0)
	wantCode(t, f.insert(tx, tb, "1 a", "- b"), sqlerr.NotNullViolation)
	tx.Rollback()
}

func TestFirstUpdaterWins(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, v int", []int{0})
	at := f.write(tb, "1 0", "2 0")
	one := func(r string) bool { return first(r) == 1 }
	snapshot := f.set.Begin(0)
	other := f.set.Begin(0)
	if _, err := f.change(t.Context(), other, tb, false, 0, one, func(string) string { return "1 5" }); err != nil {
		t.Fatal(err)
	}
	f.commit(other)
	_, err := f.change(t.Context(), snapshot, tb, true, at, one, func(string) string { return "1 9" })
	wantCode(t, err, sqlerr.SerializationFailure)
	snapshot.Rollback()
	// A row that nobody changed may be.
	snapshot = f.set.Begin(0)
	if _, err := f.change(t.Context(), snapshot, tb, true, at, func(r string) bool { return first(r) == 2 }, func(string) string { return "2 9" }); err != nil {
		t.Fatal(err)
	}
	f.commit(snapshot)
	wantRows(t, f.contents(nil, tb), "1 5", "2 9")
}

// TestReadCommittedSeesTheNewRow: who waited for a row works on what it has become, and does
// not touch one that no longer matches.
func TestReadCommittedSeesTheNewRow(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, v int", []int{0})
	f.write(tb, "1 10", "2 10")
	a, b := f.set.Begin(0), f.set.Begin(0)
	if _, err := f.change(t.Context(), a, tb, false, 0, func(r string) bool { return first(r) == 1 }, func(string) string { return "1 99" }); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	var changed int64
	go func() {
		n, err := f.change(t.Context(), b, tb, false, 0, func(r string) bool { return strings.HasSuffix(r, " 10") }, func(r string) string { return r[:2] + "11" })
		changed = n
		done <- err
	}()
	for !b.Waiting() && len(done) == 0 {
		yield()
	}
	f.commit(a)
	if err := <-done; err != nil || changed != 1 {
		t.Fatalf("%d rows changed, %v", changed, err)
	}
	f.commit(b)
	wantRows(t, f.contents(nil, tb), "1 99", "2 11")
}

func TestNoLostUpdates(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, v int", []int{0})
	f.write(tb, "1 0", "2 0", "3 0")
	const workers, rounds = 8, 25
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				tx := f.set.Begin(0)
				id := 1 + (w+i)%3
				_, err := f.change(t.Context(), tx, tb, false, 0, func(r string) bool { return first(r) == id }, func(r string) string {
					_, v, _ := strings.Cut(r, " ")
					n, _ := strconv.Atoi(v)
					return fmt.Sprintf("%d %d", id, n+1)
				})
				if err == nil {
					_, err = tx.Commit(t.Context())
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, row := range f.contents(nil, tb) {
		_, v, _ := strings.Cut(row, " ")
		n, _ := strconv.Atoi(v)
		sum += n
	}
	if sum != workers*rounds {
		t.Fatalf("the counters give %d, want %d", sum, workers*rounds)
	}
	back := f.restored()
	wantRows(t, back.contents(nil, back.get(tb.Relation().OID)), f.contents(nil, tb)...)
}
