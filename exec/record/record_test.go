package record_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/decode"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/typetest"
	"github.com/tributary-db/tributary/storage/log"
)

// TestRoundTrip: what a changelog holds of a row gives its very image back.
func TestRoundTrip(t *testing.T) {
	rel, types, _ := allTypes()
	enc, err := record.NewEncoder(rel)
	if err != nil {
		t.Fatal(err)
	}
	columns, want := make([]decode.Column, len(types)), make([]int, len(types))
	for i, c := range rel.Columns {
		columns[i], want[i] = decode.Column{Name: c.Name, Type: c.Type}, i
	}
	dec, err := decode.New(decode.JSON, columns, want, decode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(20) {
		cols, _, err := typetest.Rows(rand.New(rand.NewPCG(seed, 3)), types, 200)
		if err != nil {
			t.Fatal(err)
		}
		back := make([]*delta.Builder, len(types))
		for i, typ := range types {
			back[i] = delta.NewBuilder(typ.OID)
		}
		for row := range int32(200) {
			_, value, _, err := enc.Row(cols, row)
			if err != nil {
				t.Fatal(err)
			}
			if f, ok := dec.Decode(value, back); !ok {
				t.Fatalf("%s: %s", value, f.Message)
			}
			if err := record.ApplyExact(record.AppendExact(nil, cols, row), back); err != nil {
				t.Fatal(err)
			}
			for i := range cols {
				got := back[i].Column()
				if a, b := delta.AppendRow(nil, cols[i:i+1], row), delta.AppendRow(nil, []delta.Column{got}, row); !slices.Equal(a, b) {
					t.Fatalf("seed %d row %d, %s: image %x became %x\n%s", seed, row, sqltype.TypeName(types[i]), a, b, value)
				}
			}
		}
	}
}

func TestExactDamaged(t *testing.T) {
	b := delta.NewBuilder(sqltype.JSON)
	b.AppendNull()
	for _, bad := range []string{"\x00", "\x01\x00", "\x00\x05abc", "\xff", "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"} {
		if err := record.ApplyExact([]byte(bad), []*delta.Builder{b}); !errors.Is(err, record.ErrExact) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestPartitionOf compares with the default partitioner of a Kafka client.
func TestPartitionOf(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 5000 {
		key := make([]byte, r.IntN(40))
		for i := range key {
			key[i] = byte(r.Uint32())
		}
		n := int32(1 + r.IntN(50))
		want := kgo.StickyKeyPartitioner(nil).ForTopic("t").Partition(&kgo.Record{Key: key}, int(n))
		if got := record.PartitionOf(key, n); int(got) != want {
			t.Fatalf("key %x of %d partitions: %d, want %d", key, n, got, want)
		}
	}
}

type kv struct{ key, value string }

func TestBatches(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 40 {
		n, limit := int32(1+r.IntN(5)), 200+r.IntN(3000)
		b := record.NewBatches(log.TopicID{1}, n, limit)
		wantKeyed := map[int32][]kv{}
		loose := 0
		for i := range 1 + r.IntN(600) {
			value := fmt.Sprintf("%d:%0*d", i, r.IntN(40), 7)
			var key []byte
			if r.IntN(2) == 0 {
				key = fmt.Appendf(nil, "k%d", r.IntN(20))
				p := record.PartitionOf(key, n)
				wantKeyed[p] = append(wantKeyed[p], kv{string(key), value})
			} else {
				loose++
			}
			if err := b.Add(key, []byte(value), int64(i)); err != nil {
				t.Fatal(err)
			}
		}
		got, looseGot := readAppends(t, b.Appends(), limit)
		for p, want := range wantKeyed {
			if !slices.Equal(got[p], want) {
				t.Fatalf("partition %d holds %v, want %v", p, got[p], want)
			}
		}
		if len(looseGot) != loose {
			t.Fatalf("%d records without key, want %d", len(looseGot), loose)
		}
		if rest := b.Appends(); rest != nil {
			t.Fatalf("the collector is not empty: %v", rest)
		}
	}
}

// readAppends reads the keyed records by partition, and the values of the others.
func readAppends(t *testing.T, appends []log.Append, limit int) (keyed map[int32][]kv, loose []string) {
	t.Helper()
	keyed = map[int32][]kv{}
	last := int32(-1)
	for _, a := range appends {
		if a.Partition.Index <= last {
			t.Fatal("partitions are out of order")
		}
		last = a.Partition.Index
		var rd recordbatch.Reader
		for raw := a.RecordBatches; len(raw) > 0; {
			size := 12 + int(binary.BigEndian.Uint32(raw[8:]))
			if size > limit {
				t.Fatalf("a record batch has %d bytes, limit %d", size, limit)
			}
			if err := rd.Reset(raw[:size], 1<<20); err != nil {
				t.Fatal(err)
			}
			for rd.Next() {
				if k := rd.Record().Key; k != nil {
					keyed[a.Partition.Index] = append(keyed[a.Partition.Index], kv{string(k), string(rd.Record().Value)})
				} else {
					loose = append(loose, string(rd.Record().Value))
				}
			}
			if rd.Err() != nil {
				t.Fatal(rd.Err())
			}
			raw = raw[size:]
		}
	}
	return keyed, loose
}

// TestSticky: records without key stay in one partition until its record batch is full.
func TestSticky(t *testing.T) {
	b := record.NewBatches(log.TopicID{1}, 3, 400)
	var want []string
	for i := range 100 {
		want = append(want, fmt.Sprintf("value %03d", i))
		if err := b.Add(nil, []byte(want[i]), 1); err != nil {
			t.Fatal(err)
		}
	}
	appends := b.Appends()
	if len(appends) != 3 {
		t.Fatalf("%d partitions were used, want 3", len(appends))
	}
	// Full record batches go round: 0, 1, 2, 0, …
	var got []string
	for i := 0; len(appends[i%3].RecordBatches) > 0; i++ {
		a := &appends[i%3]
		size := 12 + int(binary.BigEndian.Uint32(a.RecordBatches[8:]))
		_, values := readAppends(t, []log.Append{{RecordBatches: a.RecordBatches[:size]}}, 400)
		got = append(got, values...)
		a.RecordBatches = a.RecordBatches[size:]
	}
	if !slices.Equal(got, want) {
		t.Fatalf("in the order of the record batches: %v", got)
	}
}

func TestTooLarge(t *testing.T) {
	b := record.NewBatches(log.TopicID{1}, 1, 500)
	if err := b.Add([]byte("k"), []byte("small"), 1); err != nil {
		t.Fatal(err)
	}
	if err := b.Add([]byte("k"), make([]byte, 600), 1); !errors.Is(err, recordbatch.ErrTooLarge) {
		t.Fatalf("%v, want too large", err)
	}
	if err := b.Add([]byte("k"), []byte("after"), 1); err != nil {
		t.Fatal(err)
	}
	got, _ := readAppends(t, b.Appends(), 500)
	if want := []kv{{"k", "small"}, {"k", "after"}}; !slices.Equal(got[0], want) {
		t.Fatalf("%v, want %v", got[0], want)
	}
}

// TestNullAndEmpty: an empty value is no tombstone, a NULL as text key is no key.
func TestNullAndEmpty(t *testing.T) {
	text := delta.NewBuilder(sqltype.Text)
	text.AppendNull()
	text.AppendString("")
	cols := []delta.Column{text.Column()}
	type result struct{ key, value string } // "-" = null
	str := func(b []byte) string {
		if b == nil {
			return "-"
		}
		return string(b)
	}
	for _, c := range []struct {
		format catalog.Format
		want   [2]result // of the NULL, of the empty text
	}{
		{catalog.Format{Name: "json"}, [2]result{{"-", `{"v":null}`}, {"-", `{"v":""}`}}},
		{catalog.Format{Name: "json", Key: []string{"v"}}, [2]result{{`{"v":null}`, `{"v":null}`}, {`{"v":""}`, `{"v":""}`}}},
		{catalog.Format{Name: "json", Key: []string{"v"}, KeyFormat: "text"}, [2]result{{"-", `{"v":null}`}, {"", `{"v":""}`}}},
		{catalog.Format{Name: "csv"}, [2]result{{"-", ""}, {"-", `""`}}},
		{catalog.Format{Name: "raw"}, [2]result{{"-", "-"}, {"-", ""}}},
	} {
		rel := &catalog.Relation{Columns: []catalog.Column{{Name: "v", Type: sqltype.Of(sqltype.Text)}}, Format: c.format, TimestampColumn: -1}
		for row := range c.want {
			enc, err := record.NewEncoder(rel)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second call has buffers
				key, value, _, err := enc.Row(cols, int32(row))
				if err != nil {
					t.Fatal(err)
				}
				if got := (result{str(key), str(value)}); got != c.want[row] {
					t.Errorf("%+v row %d: %+v, want %+v", c.format, row, got, c.want[row])
				}
			}
		}
	}
}

func TestEventTime(t *testing.T) {
	ts := delta.NewBuilder(sqltype.Timestamp)
	values := []int64{0, 1_999, -1, -946_684_800_000_000, -946_684_800_000_001, 1<<63 - 1, -1 << 63}
	want := []int64{record.UnixToPostgresMillis, record.UnixToPostgresMillis + 1, record.UnixToPostgresMillis - 1, 0, 0, record.NoTimestamp, record.NoTimestamp}
	delta.AppendSlice(ts, values)
	rel := &catalog.Relation{Columns: []catalog.Column{{Name: "ts", Type: sqltype.Of(sqltype.Timestamp)}}, Format: catalog.Format{Name: "json"}}
	enc, err := record.NewEncoder(rel)
	if err != nil {
		t.Fatal(err)
	}
	for i := range values {
		_, _, got, err := enc.Row([]delta.Column{ts.Column()}, int32(i))
		if err != nil || got != want[i] {
			t.Errorf("timestamp of %d is %d (%v), want %d", values[i], got, err, want[i])
		}
	}
}
