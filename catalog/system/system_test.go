package system

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/storage/log"
)

// some are facts of which every column has a value in one row and none in another.
type some struct{ flows int }

func (some) Catalog() *catalog.Snapshot { return catalog.New(Catalog()...).Now() }

func (s some) Dataflows() []Dataflow {
	v := &catalog.Relation{Schema: "public", Name: "v", Kind: catalog.KindView}
	out := []Dataflow{{
		Relation: v, State: "error", Since: time.Date(2000, 1, 1, 0, 0, 1, 0, time.UTC), Frontier: 7,
		Reason: sqlerr.New(sqlerr.DivisionByZero, "division by zero"), RowErrors: 2, Record: &delta.Origin{Topic: "t", Partition: 3, Offset: 9}, StateBytes: 10, LateRows: 11,
	}}
	for len(out) < s.flows {
		out = append(out, Dataflow{Relation: v, State: "running"})
	}
	return out
}

func (some) Tables() []Table {
	one := &catalog.Relation{Schema: "public", Name: "a", TopicName: "a"}
	return []Table{{Relation: one, State: "running"}, {
		Relation: one, State: "failed", Since: time.UnixMilli(946_684_800_000),
		Reason: sqlerr.New(sqlerr.DataCorrupted, "bad").WithDetail("worse"),
	}}
}

func (some) Rows(catalog.OID) (float64, bool) { return 0, false }

func (some) Pins() []Pin {
	return []Pin{{Owner: "session 3", Since: time.Unix(0, 0), Version: 4, Bytes: 5}}
}

func (some) Compactions() []Compaction {
	began := time.UnixMilli(946_684_800_000)
	return []Compaction{
		{What: "roll", Topic: "t", Partition: 1, Partitions: 2, Runs: 3, To: 0, Bytes: 4, Written: 5, Since: began, Ended: began},
		{What: "level", Partitions: 1, Runs: 16, To: 1, Bytes: 4, Since: began},
		{What: "level", Partitions: 1, Runs: 16, To: 1, Bytes: 4, Since: began, Ended: began, Reason: "no room"},
	}
}

func (some) Segments(visit func(Segment) error) error {
	at := time.UnixMilli(946_684_800_000)
	for _, s := range []log.Stored{{First: 1, Next: 4, Records: 2, Bytes: 90, Object: "seg/1", Level: 1, From: at, To: at}, {First: 4, Next: 5, Records: 1, Bytes: 30, From: at, To: at}} {
		if err := visit(Segment{Topic: "t", Partition: 1, Stored: s}); err != nil {
			return err
		}
	}
	return nil
}

func (some) Asker() Asker { return nil }

func (some) Totals() Totals { return Totals{} }

func (some) Locks() []Lock { return nil }

func (some) Sessions() []Session {
	at := time.UnixMilli(946_684_800_000)
	return []Session{
		{PID: 7, User: "u", Database: "d", Application: "a", Remote: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 9}, Since: at, XactStart: at, QueryStart: at, StateChange: at,
			State: "active", Query: "SELECT 1", WaitType: "Lock", WaitEvent: "relation"},
		{PID: 8, Since: at, StateChange: at, State: "idle"},
	}
}

func (some) Settings() []Setting { return []Setting{{"a", "b", "default", "c"}} }

func rowsOf(t *testing.T, r *Relation, f Facts) (out []string) {
	t.Helper()
	err := r.Emit(context.Background(), f, Whole, func(b *delta.Batch) error {
		if b.Len > rowsPerBatch {
			t.Errorf("%s: %d rows at once", r.Name, b.Len)
		}
		for i := range int32(b.Len) {
			var row []string
			for c := range b.Cols {
				text := "NULL"
				if !b.Cols[c].Null(i) {
					text = string(codec.FormatText(nil, &b.Cols[c], i, codec.UTC))
				}
				row = append(row, text)
			}
			out = append(out, strings.Join(row, "|"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRelations: every relation is whole, and gives rows of its columns' types.
func TestRelations(t *testing.T) {
	oids, names := map[catalog.OID]bool{}, map[string]bool{}
	for _, r := range All() {
		name := r.Schema + "." + r.Name
		if r.OID == 0 || r.OID >= catalog.FirstOID || oids[r.OID] || names[name] || r.Doc == "" {
			t.Errorf("%s: OID %d, %q", name, r.OID, r.Doc)
		}
		oids[r.OID], names[name] = true, true
		for _, c := range r.Columns {
			if c.Doc == "" || c.Name == "" || c.Type.Phys() == sqltype.PhysNone {
				t.Errorf("%s: column %+v", name, c)
			}
		}
		if got, ok := ByOID(r.OID); !ok || got != r {
			t.Errorf("%s is not found by its OID", name)
		}
		if len(rowsOf(t, r, some{flows: 2})) == 0 {
			t.Errorf("%s: no rows", name)
		}
	}
}

func TestRows(t *testing.T) {
	flows := rowsOf(t, dataflows, some{flows: 2*rowsPerBatch + 1})
	if len(flows) != 2*rowsPerBatch+1 {
		t.Errorf("%d dataflows", len(flows))
	}
	for i, want := range []string{
		"public|v|materialized view|error|2000-01-01 00:00:01+00|7|NULL|NULL|NULL|22012|division by zero|2|t|3|9|10|11",
		"public|v|materialized view|running|NULL|0|NULL|NULL|NULL|NULL|NULL|0|NULL|NULL|NULL|0|0",
	} {
		if flows[i] != want {
			t.Errorf("%s, want %s", flows[i], want)
		}
	}
	for i, want := range []string{
		"roll|t|1|2|0|0|3|4|5|done|2000-01-01 00:00:00+00|2000-01-01 00:00:00+00|NULL",
		"level|NULL|0|1|0|1|16|4|NULL|running|2000-01-01 00:00:00+00|NULL|NULL",
		"level|NULL|0|1|0|1|16|4|0|failed|2000-01-01 00:00:00+00|2000-01-01 00:00:00+00|no room",
	} {
		if got := rowsOf(t, compactions, some{})[i]; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	all := strings.Join(rowsOf(t, columns, some{}), "\n")
	if want := "13002|tributary|settings|2|value|text|f|NULL"; !strings.Contains(all, want) {
		t.Errorf("no %s in\n%s", want, all)
	}
	all = strings.Join(rowsOf(t, relationsRelation, some{}), "\n")
	if want := "13001|tributary|dataflows|system view|NULL|NULL|NULL|NULL|NULL|NULL"; !strings.Contains(all, want) {
		t.Errorf("no %s in\n%s", want, all)
	}
}

// TestWrongRow: a value that its column cannot hold is an error and no other row.
func TestWrongRow(t *testing.T) {
	r := *settings
	for _, values := range [][]any{{"a"}, {"a", "b", "c", 1}, {"a", "b", "c", int64(1)}} {
		r.Rows = func(_ context.Context, _ Facts, _ Key, add Adder) error { return add(values...) }
		err := r.Emit(context.Background(), some{}, Whole, func(*delta.Batch) error { return fmt.Errorf("rows came") })
		if err == nil || !strings.Contains(err.Error(), "system relation settings") {
			t.Errorf("%v: %v", values, err)
		}
	}
}
