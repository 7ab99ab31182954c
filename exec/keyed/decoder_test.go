package keyed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/keyed"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// relation is a table over a topic: a, the key, b that may not be NULL, c.
func relation(f catalog.Format, key ...int) *catalog.Relation {
	rel := &catalog.Relation{Name: "t", Kind: catalog.KindTable, FromTopic: true, PrimaryKey: key, Format: f}
	for i, typ := range []sqltype.OID{sqltype.Int4, sqltype.Text, sqltype.Numeric} {
		rel.Columns = append(rel.Columns, catalog.Column{Name: string("abc"[i]), Type: sqltype.Of(typ), NotNull: i < 2})
	}
	return rel
}

func builders(rel *catalog.Relation, columns []int) (out []*delta.Builder) {
	for _, c := range columns {
		out = append(out, delta.NewBuilder(rel.Columns[c].Type.OID))
	}
	return out
}

func text(list []*delta.Builder) string {
	var words []string
	for _, b := range list {
		col := b.Column()
		switch {
		case col.Len == 0:
		case col.Null(int32(col.Len - 1)):
			words = append(words, "-")
		default:
			words = append(words, string(codec.FormatText(nil, &col, int32(col.Len-1), codec.UTC)))
		}
	}
	return strings.Join(words, " ")
}

// TestDecode: what each kind of record does to a table; "~" is a null key or value.
func TestDecode(t *testing.T) {
	json, csv := catalog.Format{Name: "json"}, catalog.Format{Name: "csv", KeyFormat: "text", Delimiter: ";"}
	dbz, log := catalog.Format{Name: catalog.FormatDebezium}, catalog.Format{Name: catalog.FormatChangelog}
	cases := []struct {
		format     catalog.Format
		key, value string
		want       string
	}{
		{json, `{"a":1}`, `{"b":"x","c":1.50}`, "+1 x 1.50"},
		{json, `{"a":1}`, `{"a":"no number","b":"x"}`, "+1 x -"},
		{json, `{"a":1.0,"z":[]}`, `{"b":"x"}`, "+1 x -"},
		{json, `{"schema":{"type":"struct"},"payload":{"a":7}}`, `{"b":"x"}`, "+7 x -"},
		{json, `{"a":1}`, `~`, "-1"},
		{json, `{"a":1}`, `{"b":null}`, `-1 !type b null value in column "b" violates not-null constraint`},
		{json, `{"a":1}`, `{"b":"x","c":"y"}`, `-1 !type c invalid input syntax for type numeric: "y"`},
		{json, `{"a":1}`, `[]`, "-1 !undecodable  invalid JSON at byte 0: the value is not an object"},
		{json, `{"a":"x"}`, `{"b":"x"}`, `!key a key: invalid input syntax for type integer: "x"`},
		{json, `{}`, `{"b":"x"}`, `!key a key: null value in column "a" violates not-null constraint`},
		{json, `~`, `{"a":1,"b":"x"}`, `!key  the record has no key`},
		{json, `~`, `~`, `!key  the record has no key`},
		{csv, `12`, `garbage;x;2`, "+12 x 2"},
		{csv, `12`, `1;x`, `-12 !undecodable c missing data for column "c"`},
		{csv, `x`, `1;x;2`, `!key a key: invalid input syntax for type integer: "x"`},
		{csv, `12`, `~`, "-12"},
		{dbz, `{"a":1}`, `{"op":"c","before":null,"after":{"a":1,"b":"x","c":2}}`, "+1 x 2"},
		{dbz, `~`, `{"op":"r","after":{"a":1,"b":"x"},"source":{}}`, "+1 x -"},
		{dbz, `{"a":1}`, `{"schema":{},"payload":{"op":"u","before":{"a":1,"b":"w"},"after":{"a":1,"b":"x"}}}`, "-1 +1 x -"},
		{dbz, `{"a":1}`, `{"op":"u","before":{"a":2,"b":"w"},"after":{"a":1,"b":"x"}}`, "-2 +1 x -"},
		{dbz, `{"a":1}`, `{"op":"u","before":{"c":2},"after":{"a":1,"b":"x"}}`, "+1 x -"},
		{dbz, `~`, `{"op":"d","before":{"a":3,"b":"w"},"after":null}`, "-3"},
		{dbz, `{"a":3}`, `{"op":"d","before":null}`, "-3"},
		{dbz, `~`, `{"op":"d","before":null}`, "!key  the record has no key"},
		{dbz, `{"a":3}`, `~`, "-3"},
		{dbz, `~`, `~`, ""},
		{dbz, `{"a":3}`, `{"op":"u","before":{"a":3},"after":null}`, "-3 !undecodable  the event has no row after the change"},
		{dbz, `{"a":3}`, `{"op":"u","after":{"a":3}}`, `-3 !type b null value in column "b" violates not-null constraint`},
		{dbz, `~`, `{"op":"t"}`, `!undecodable  op "t" of an event is not known`},
		{dbz, `~`, `{"a":1,"b":"x"}`, `!undecodable  the event has no op`},
		{log, `~`, `{"op":"+I","data":{"a":1,"b":"x"}}`, "+1 x -"},
		{log, `~`, `{"op":"-U","data":{"a":1,"b":"x"}}`, ""},
		{log, `~`, `{"op":"+U","data":{"a":1,"b":"y"}}`, "+1 y -"},
		{log, `~`, `{"op":"-D","data":{"a":1,"b":"y"}}`, "-1"},
		{log, `{"a":1}`, `{"op":"-D"}`, "-1 !undecodable  the change has no data"},
		{log, `{"a":1}`, `{"op":"D","data":{}}`, `-1 !undecodable  op "D" of a change is not known`},
		{log, `{"a":1}`, `~`, "-1"},
	}
	for _, c := range cases {
		rel := relation(c.format, 0)
		d, err := keyed.New(rel)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // what the first leaves does not matter
			keys, row := builders(rel, rel.PrimaryKey), builders(rel, []int{0, 1, 2})
			change, f := d.Decode(bytesOf(c.key), bytesOf(c.value), keys, row)
			got := ""
			if change.Goes {
				got += " -" + text(keys)
			}
			if change.Comes {
				got += " +" + text(row)
			}
			if f != nil {
				got += fmt.Sprintf(" !%s %s %s", f.Reason, f.Column, f.Message)
			}
			if got = strings.TrimPrefix(got, " "); got != c.want {
				t.Errorf("%s %s %s:\n got %s\nwant %s", c.format.Name, c.key, c.value, got, c.want)
			}
			if change.Goes != (keys[0].Len() == 1) || change.Comes != (row[0].Len() == 1) || row[0].Len() != row[1].Len() || row[1].Len() != row[2].Len() {
				t.Errorf("%s %s %s: %d keys, %d rows", c.format.Name, c.key, c.value, keys[0].Len(), row[0].Len())
			}
			if told, ok := d.Check(bytesOf(c.key), bytesOf(c.value)); ok != (f == nil) || f != nil && told != *f {
				t.Errorf("%s %s %s: Check says %v, %v", c.format.Name, c.key, c.value, told, ok)
			}
		}
	}
}

func bytesOf(s string) []byte {
	if s == "~" {
		return nil
	}
	return []byte(s)
}

// TestDecodeKeys: a key of several columns in another order than theirs, and raw values.
func TestDecodeKeys(t *testing.T) {
	rel := relation(catalog.Format{Name: "json"}, 2, 0)
	d, err := keyed.New(rel)
	if err != nil {
		t.Fatal(err)
	}
	keys, row := builders(rel, rel.PrimaryKey), builders(rel, []int{0, 1, 2})
	if c, f := d.Decode([]byte(`{"a":1,"c":2.5}`), []byte(`{"b":"x"}`), keys, row); f != nil || !c.Comes || text(row) != "1 x 2.5" {
		t.Error(c, f, text(row))
	}
	if c, f := d.Decode([]byte(`{"a":1,"c":2.5}`), nil, keys, row); f != nil || !c.Goes || text(keys) != "2.5 1" {
		t.Error(c, f, text(keys))
	}
	raw := relation(catalog.Format{Name: "raw", KeyFormat: "text"}, 0)
	raw.Columns = raw.Columns[:2]
	if d, err = keyed.New(raw); err != nil {
		t.Fatal(err)
	}
	keys, row = builders(raw, raw.PrimaryKey), builders(raw, []int{0, 1})
	if c, f := d.Decode([]byte("7"), []byte("any bytes"), keys, row); f != nil || !c.Comes || text(row) != "7 any bytes" {
		t.Error(c, f, text(row))
	}
}

// FuzzDecode: any bytes give a change or a fault, and what is appended is what the change says.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"a":1}`), []byte(`{"op":"u","before":{"a":2},"after":{"a":1,"b":"x"}}`))
	f.Add([]byte(`{"a":1}`), []byte(`{"op":"-D","data":{"a":1}}`))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		for _, name := range []string{"json", "csv", catalog.FormatDebezium, catalog.FormatChangelog} {
			rel := relation(catalog.Format{Name: name}, 0)
			d, err := keyed.New(rel)
			if err != nil {
				t.Fatal(err)
			}
			keys, row := builders(rel, rel.PrimaryKey), builders(rel, []int{0, 1, 2})
			c, _ := d.Decode(key, value, keys, row)
			if c.Goes != (keys[0].Len() == 1) || c.Comes != (row[0].Len() == 1) || row[0].Len() != row[2].Len() {
				t.Errorf("%+v, %d keys, %d rows", c, keys[0].Len(), row[0].Len())
			}
		}
	})
}
