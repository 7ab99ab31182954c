package lane

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// keyImages are texts of one value each that stays equal, by type.
var keyImages = map[sqltype.OID][][]string{
	sqltype.Numeric:     {{"1.5", "1.50", "1.500"}, {"0", "0.00"}, {"NaN"}, {"100", "1e2", "100.0"}},
	sqltype.Float8:      {{"0", "-0"}, {"1.5"}, {"NaN"}, {"Infinity"}},
	sqltype.Float4:      {{"0", "-0"}, {"2.5"}},
	sqltype.Interval:    {{"1 day", "24:00:00"}, {"1 mon", "30 days", "720:00:00"}, {"-1 days"}},
	sqltype.JSONB:       {{"1.0", "1.00", "1"}, {`{"a": 1.50}`, `{"a": 1.5}`}, {"null"}, {`"x"`}},
	sqltype.Text:        {{"a"}, {"b"}, {""}},
	sqltype.Bytea:       {{`\x00ff`}, {`\x`}},
	sqltype.Timestamptz: {{"2024-01-01 00:00:00+00", "2024-01-01 01:00:00+01"}, {"infinity"}},
	sqltype.Bool:        {{"t"}, {"f"}},
}

// TestFoldOfUpserts: whatever changes come in whatever ticks, the topic folded by key bytes,
// partition by partition, is the relation, and no record changes nothing.
func TestFoldOfUpserts(t *testing.T) {
	for typ := range keyImages {
		for _, form := range []string{"json", "text"} {
			for seed := range uint64(20) {
				name := fmt.Sprintf("type %d, key_format %s, seed %d", typ, form, seed)
				foldOfUpserts(t, name, typ, form, rand.New(rand.NewPCG(seed, uint64(typ))))
			}
		}
	}
}

func foldOfUpserts(t *testing.T, name string, typ sqltype.OID, form string, r *rand.Rand) {
	t.Helper()
	rel := &catalog.Relation{
		Kind: catalog.KindSink, Name: "s", PrimaryKey: []int{0}, TimestampColumn: -1,
		Columns: []catalog.Column{{Name: "k", Type: sqltype.Of(typ)}, {Name: "v", Type: sqltype.Of(sqltype.Int8)}},
		Format:  catalog.Format{Name: "json", Key: []string{"k"}, KeyFormat: form},
	}
	enc, err := record.NewEncoder(rel)
	if err != nil {
		t.Fatal(err)
	}
	types := []sqltype.OID{typ, sqltype.Int8}
	s := &sinkOut{
		encoder: enc, batches: record.NewBatches([16]byte{1}, 3, 1<<20), width: 2, clock: clock.Real{},
		key: rel.PrimaryKey,
	}
	s.gather(types, state.Options{})
	var ahead []log.Append
	s.piece, s.ahead = r.IntN(2)*100, func(a []log.Append) error { ahead = append(ahead, a...); return nil }
	images := append([][]string{{"NULL"}}, keyImages[typ]...)
	live := map[int][2]int64{} // value of the key → its image, v
	topic := map[string]string{}
	change := func(value int, row [2]int64, weight int64) {
		b := delta.NewBatchBuilder(types)
		appendText(t, b.Cols[0], images[value][row[0]])
		delta.Append(b.Cols[1], row[1])
		b.End(weight)
		d := b.Batch()
		if err := s.Emit(&d); err != nil {
			t.Fatal(err)
		}
	}
	for range 60 {
		for range r.IntN(5) {
			value := r.IntN(len(images))
			if old, ok := live[value]; ok {
				change(value, old, -1)
				delete(live, value)
			}
			if r.IntN(3) > 0 {
				live[value] = [2]int64{r.Int64N(int64(len(images[value]))), r.Int64N(3)}
				change(value, live[value], 1)
			}
		}
		appends, err := s.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		foldInto(t, name, append(ahead, appends...), topic)
		ahead = nil
		want := map[string]string{}
		for value, row := range live {
			b := delta.NewBatchBuilder(types)
			appendText(t, b.Cols[0], images[value][row[0]])
			delta.Append(b.Cols[1], row[1])
			b.End(1)
			d := b.Batch()
			key, body, _, err := enc.Row(d.Cols, 0)
			if err != nil {
				t.Fatal(err)
			}
			want[fmt.Sprintf("%q %t", key, key == nil)] = string(body)
		}
		if !maps.Equal(topic, want) {
			t.Fatalf("%s:\n topic %q\n  rows %q", name, topic, want)
		}
	}
}

// foldInto applies a tick's records to what is known of the topic.
func foldInto(t *testing.T, name string, appends []log.Append, topic map[string]string) {
	t.Helper()
	seen := map[string]int32{}
	eachRecord(t, appends, func(p log.Partition, r *recordbatch.Record) {
		key := fmt.Sprintf("%q %t", r.Key, r.Key == nil)
		if _, twice := seen[key]; twice {
			t.Fatalf("%s: key %s twice in one tick", name, key)
		}
		seen[key] = p.Index
		old, known := topic[key]
		if known == (r.Value != nil) && old == string(r.Value) {
			t.Fatalf("%s: record of key %s changes nothing", name, key)
		}
		if topic[key] = string(r.Value); r.Value == nil {
			delete(topic, key)
		}
	})
}

func eachRecord(t *testing.T, appends []log.Append, visit func(log.Partition, *recordbatch.Record)) {
	t.Helper()
	for _, a := range appends {
		var reader recordbatch.Reader
		for rest := a.RecordBatches; len(rest) > 0; {
			_, one, next, err := recordbatch.Verify(rest)
			if err == nil {
				err = reader.Reset(one, math.MaxInt32)
			}
			if err != nil {
				t.Fatal(err)
			}
			for rest = next; reader.Next(); {
				visit(a.Partition, reader.Record())
			}
			reader.Release()
		}
	}
}

func appendText(t *testing.T, b *delta.Builder, text string) {
	t.Helper()
	if text == "NULL" {
		b.AppendNull()
		return
	}
	if err := codec.AppendText(b, sqltype.Of(b.Type()), []byte(text), codec.UTC); err != nil {
		t.Fatal(err)
	}
}
