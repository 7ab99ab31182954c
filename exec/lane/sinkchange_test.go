package lane

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// TestFoldOfChanges: whatever changes come in whatever ticks, the rows that came in the records without those that went
// are the relation, with and without a key, and a record takes away only what is there.
func TestFoldOfChanges(t *testing.T) {
	for typ := range keyImages {
		for _, format := range []string{catalog.FormatDebezium, catalog.FormatChangelog, "changelog without key"} {
			for seed := range uint64(20) {
				foldOfChanges(t, typ, format, rand.New(rand.NewPCG(seed, uint64(typ))))
			}
		}
	}
}

func foldOfChanges(t *testing.T, typ sqltype.OID, format string, r *rand.Rand) {
	t.Helper()
	rel := &catalog.Relation{
		Kind: catalog.KindSink, Name: "s", PrimaryKey: []int{0}, TimestampColumn: -1,
		Columns: []catalog.Column{{Name: "k", Type: sqltype.Of(typ)}, {Name: "v", Type: sqltype.Of(sqltype.Int8)}},
		Format:  catalog.Format{Name: format, Key: []string{"k"}},
	}
	s := &sinkOut{format: format, keyed: true, key: []int{0}, width: 2, clock: clock.Real{}, batches: record.NewBatches([16]byte{1}, 1, 1<<20)}
	if format != catalog.FormatDebezium && format != catalog.FormatChangelog {
		rel.Format, rel.PrimaryKey = catalog.Format{Name: catalog.FormatChangelog}, nil
		s.format, s.keyed, s.key = catalog.FormatChangelog, false, []int{0, 1}
	}
	var err error
	if s.encoder, err = record.NewEncoder(rel); err != nil {
		t.Fatal(err)
	}
	types := []sqltype.OID{typ, sqltype.Int8}
	s.gather(types, state.Options{})
	images := append([][]string{{"NULL"}}, keyImages[typ]...)
	names := [][]byte{[]byte(`"k"`), []byte(`"v"`)}
	want, got := map[string]int{}, map[string]int{}
	type row struct {
		value, image int
		v            int64
	}
	change := func(x row, weight int64) {
		b := delta.NewBatchBuilder(types)
		appendText(t, b.Cols[0], images[x.value][x.image])
		delta.Append(b.Cols[1], x.v)
		b.End(weight)
		d := b.Batch()
		if err := s.Emit(&d); err != nil {
			t.Fatal(err)
		}
		count(want, string(record.AppendJSON(nil, names, d.Cols, 0)), int(weight))
	}
	live := map[int]row{}
	for range 40 {
		for range r.IntN(6) {
			x := row{value: r.IntN(len(images)), v: r.Int64N(3)}
			x.image = r.IntN(len(images[x.value]))
			if old, ok := live[x.value]; ok && s.keyed {
				change(old, -1)
				delete(live, x.value)
			}
			switch {
			case !s.keyed:
				change(x, r.Int64N(4)-1)
			case r.IntN(3) > 0:
				live[x.value] = x
				change(x, 1)
			}
		}
		appends, err := s.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		foldChanges(t, appends, got)
		if !maps.Equal(got, want) {
			t.Fatalf("%s of type %d: the records make %v of it, it is %v", format, typ, got, want)
		}
	}
}

func count(m map[string]int, row string, weight int) {
	if m[row] += weight; m[row] == 0 {
		delete(m, row)
	}
}

func foldChanges(t *testing.T, appends []log.Append, into map[string]int) {
	t.Helper()
	eachRecord(t, appends, func(_ log.Partition, r *recordbatch.Record) {
		if r.Value == nil {
			return
		}
		var c struct {
			Op                  string
			Before, After, Data json.RawMessage
		}
		if err := json.Unmarshal(r.Value, &c); err != nil {
			t.Fatal(err)
		}
		for text, weight := range map[string]int{string(c.Before): -1, string(c.After): 1} {
			if text != "" && text != "null" {
				count(into, text, weight)
			}
		}
		switch c.Op {
		case "+I", "+U":
			count(into, string(c.Data), 1)
		case "-D", "-U":
			count(into, string(c.Data), -1)
		case "c", "u", "d":
		default:
			t.Fatalf("op %q", c.Op)
		}
	})
}
