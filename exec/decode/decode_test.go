package decode

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

func col(name, typ string, mods ...int64) Column {
	oid, ok := sqltype.ByName(typ)
	if !ok {
		panic(typ)
	}
	mod, err := sqltype.ModOf(oid, mods)
	if err != nil {
		panic(err)
	}
	return Column{Name: name, Type: sqltype.Type{OID: oid, Mod: mod}}
}

func builders(columns []Column, want []int) []*delta.Builder {
	var bs []*delta.Builder
	for _, w := range want {
		bs = append(bs, delta.NewBuilder(columns[w].Type.OID))
	}
	return bs
}

// show is the last row as text, or the fault.
func show(f Fault, ok bool, bs []*delta.Builder) string {
	if !ok {
		return fmt.Sprintf("!%s %s %s", f.Reason, f.Column, f.Message)
	}
	var parts []string
	for _, b := range bs {
		c := b.Column()
		if c.Null(int32(c.Len - 1)) {
			parts = append(parts, "NULL")
			continue
		}
		parts = append(parts, string(codec.FormatText(nil, &c, int32(c.Len-1), nil)))
	}
	return strings.Join(parts, "|")
}

func TestJSON(t *testing.T) {
	one := func(typ string, mods ...int64) []Column { return []Column{col("v", typ, mods...)} }
	cases := []struct {
		columns  []Column
		in, want string
	}{
		{one("text"), `{"v":"a"}`, "a"},
		{one("text"), `{ "v" : "a\n\u00e9\ud83d\ude00\"\/" }`, "a\né😀\"/"},
		{one("text"), `{"V":"x"}`, "x"},
		{one("text"), `{"v":"x","V":"y"}`, "y"},
		{one("text"), `{"v":1.50}`, "1.50"},
		{one("text"), `{"v":true}`, "true"},
		{one("text"), `{"v":{"a" : [1, 2]}}`, `{"a" : [1, 2]}`},
		{one("text"), `{"v":null}`, "NULL"},
		{one("text"), `{}`, "NULL"},
		{one("text"), ` {"x":[[],{},"\"",-1.5e+3,null]} `, "NULL"},
		{one("text"), `{"\u0076":"n"}`, "n"},
		{one("text"), `{"v":"a\u0000b"}`, `!type v \u0000 cannot be converted to text`},
		{one("text"), `{"v":"\ud800"}`, "!type v Unicode low surrogate must follow a high surrogate"},
		{one("text"), `{"x":"\ud800\u0000"}`, "NULL"},
		{one("varchar", 3), `{"v":"abcd"}`, "!type v value too long for type character varying(3)"},
		{one("varchar", 3), `{"v":"a\u00e9 "}`, "aé "},
		{one("bool"), `{"v":false}`, "f"},
		{one("bool"), `{"v":"yes"}`, "t"},
		{one("bool"), `{"v":1}`, "!type v cannot convert JSON number to type boolean"},
		{one("int4"), `{"v":12}`, "12"},
		{one("int4"), `{"v":-12.00}`, "-12"},
		{one("int4"), `{"v":1.2e1}`, "12"},
		{one("int4"), `{"v":" 7 "}`, "7"},
		{one("int4"), `{"v":1.5}`, `!type v invalid input syntax for type integer: "1.5"`},
		{one("int4"), `{"v":2147483648}`, `!type v value "2147483648" is out of range for type integer`},
		{one("int8"), `{"v":9223372036854775807}`, "9223372036854775807"},
		{one("int8"), `{"v":9223372036854775808}`, `!type v value "9223372036854775808" is out of range for type bigint`},
		{one("int4"), `{"v":{}}`, "!type v cannot convert JSON object to type integer"},
		{one("int4"), `{"v":true}`, "!type v cannot convert JSON boolean to type integer"},
		{one("int4"), `{"v":"x"}`, `!type v invalid input syntax for type integer: "x"`},
		{one("integer[]"), `{"v":[ 1, null ,3.0]}`, "{1,NULL,3}"},
		{one("integer[]"), `{"v":[]}`, "{}"},
		{one("integer[]"), `{"v":[[1,2],[3,4]]}`, "{{1,2},{3,4}}"},
		{one("integer[]"), `{"v":"[0:1]={1,2}"}`, "[0:1]={1,2}"},
		{one("integer[]"), `{"v":[[1],[2,3]]}`, "!type v cannot convert JSON array to an array: its inner arrays differ in size"},
		{one("integer[]"), `{"v":[1,[2]]}`, "!type v cannot convert JSON array to an array: its inner arrays differ in size"},
		{one("integer[]"), `{"v":[[]]}`, "!type v cannot convert JSON array to an array: its inner arrays differ in size"},
		{one("integer[]"), `{"v":[[[[[[[1]]]]]]]}`, "!type v number of array dimensions (7) exceeds the maximum allowed (6)"},
		{one("integer[]"), `{"v":["x"]}`, `!type v invalid input syntax for type integer: "x"`},
		{one("integer[]"), `{"v":7}`, "!type v cannot convert JSON number to type integer[]"},
		{one("text[]"), `{"v":["a\u00e9","b,c","",{"k" : [1]},null,"null"]}`, `{aé,"b,c","","{\"k\" : [1]}",NULL,"null"}`},
		{one("numeric[]", 5, 1), `{"v":[1.25,"2"]}`, "{1.3,2.0}"},
		{one("jsonb[]"), `{"v":[[1, 2],"s",null,{"b":1,"a":2}]}`, `{"[1, 2]","\"s\"",NULL,"{\"a\": 2, \"b\": 1}"}`},
		{one("_timestamptz"), `{"v":["2024-01-02T03:04:05Z"]}`, `{"2024-01-02 03:04:05+00"}`},
		{one("numeric"), `{"v":1.10}`, "1.10"},
		{one("numeric"), `{"v":12345678901234567890.12345678901234567890}`, "12345678901234567890.12345678901234567890"},
		{one("numeric"), `{"v":1e3}`, "1000"},
		{one("numeric"), `{"v":"NaN"}`, "NaN"},
		{one("numeric", 5, 2), `{"v":1.005}`, "1.01"},
		{one("numeric", 5, 2), `{"v":1000}`, "!type v numeric field overflow"},
		{one("float8"), `{"v":0.1}`, "0.1"},
		{one("float8"), `{"v":1e400}`, `!type v "1e400" is out of range for type double precision`},
		{one("float8"), `{"v":-0}`, "-0"},
		{one("timestamp"), `{"v":"2024-01-02T03:04:05.5Z"}`, "2024-01-02 03:04:05.5"},
		{one("timestamp"), `{"v":1704164645123}`, "2024-01-02 03:04:05.123"},
		{one("timestamptz"), `{"v":1704164645123.4567}`, "2024-01-02 03:04:05.123457+00"},
		{one("timestamptz"), `{"v":"2024-01-02 03:04:05+02"}`, "2024-01-02 01:04:05+00"},
		{one("timestamp"), `{"v":99999999999999999}`, `!type v timestamp out of range: "99999999999999999"`},
		{one("timestamp"), `{"v":-1}`, "1969-12-31 23:59:59.999"},
		{one("timestamp"), `{"v":1e30}`, `!type v timestamp out of range: "1e30"`},
		{one("date"), `{"v":"2024-02-29"}`, "2024-02-29"},
		{one("date"), `{"v":19000}`, "!type v cannot convert JSON number to type date"},
		{one("bytea"), `{"v":"\\x00ff"}`, `\x00ff`},
		{one("uuid"), `{"v":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}`, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{one("interval"), `{"v":"1 day"}`, "1 day"},
		{one("jsonb"), `{"v":{"b":1,"a":[1.0 ,"x"]}}`, `{"a": [1.0, "x"], "b": 1}`},
		{one("jsonb"), `{"v":"x\u00e9"}`, `"xé"`},
		{one("jsonb"), `{"v":7}`, "7"},
		{one("json"), `{"v":{"b" : 1}}`, `{"b" : 1}`},
		{one("json"), `{"v":"q"}`, `"q"`},
		{one("text"), ``, "!undecodable  invalid JSON at byte 0: the value is empty"},
		{one("text"), `null`, "!undecodable  invalid JSON at byte 0: the value is not an object"},
		{one("text"), `[1]`, "!undecodable  invalid JSON at byte 0: the value is not an object"},
		{one("text"), `{"v":1}x`, "!undecodable  invalid JSON at byte 7: there is more after the object"},
		{one("text"), `{"v":1,}`, "!undecodable  invalid JSON at byte 7: a field name is expected"},
		{one("text"), `{"v":1`, "!undecodable  invalid JSON at byte 6: the object does not end"},
		{one("text"), `{"v":01}`, "!undecodable  invalid JSON at byte 6: a comma or the object's end is expected"},
		{one("text"), "{\"v\":\"\xff\"}", "!undecodable  the value is not valid UTF-8"},
		{one("text"), `{"v":[1,]}`, "!undecodable  invalid JSON at byte 8: bad or missing value"},
	}
	for _, c := range cases {
		d, err := New(JSON, c.columns, []int{0}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		bs := builders(c.columns, []int{0})
		f, ok := d.Decode([]byte(c.in), bs)
		if got := show(f, ok, bs); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
		if !ok && bs[0].Len() != 0 {
			t.Errorf("%s: a fault left a row", c.in)
		}
	}
}

// A fault in a column nobody asked for is a fault all the same, and leaves no trace.
func TestSubsetAndFaults(t *testing.T) {
	columns := []Column{col("id", "int8"), col("name", "text"), col("amount", "numeric"), col("ok", "bool")}
	columns[0].NotNull = true
	full := []int{0, 1, 2, 3}
	records := []string{
		`{"id":1,"name":"a","amount":1.5,"ok":true}`, `{"ok":false,"amount":2,"name":"b","id":2}`,
		`{"id":3,"name":"c","amount":"x"}`, `{"id":4}`, `{"name":"d"}`, `{"id":5,"ok":[]}`, `nope`,
		`{"id":6,"extra":{"id":7},"NAME":"e"}`,
	}
	for _, want := range [][]int{full, {2, 0}, {1}, {}} {
		all, _ := New(JSON, columns, full, Options{})
		sub, err := New(JSON, columns, want, Options{})
		if err != nil {
			t.Fatal(err)
		}
		allB, subB := builders(columns, full), builders(columns, want)
		for i := range 600 {
			rec := []byte(records[i%len(records)])
			f1, ok1 := all.Decode(rec, allB)
			f2, ok2 := sub.Decode(rec, subB)
			if ok1 != ok2 || f1 != f2 {
				t.Fatalf("%s: %v %v, subset %v: %v %v", rec, f1, ok1, want, f2, ok2)
			}
			if !ok1 {
				continue
			}
			for k, w := range want {
				a, b := allB[w].Column(), subB[k].Column()
				if a.Len != b.Len || !delta.EqualImage(&a, int32(a.Len-1), &b, int32(b.Len-1)) {
					t.Fatalf("%s: column %d differs", rec, w)
				}
			}
		}
	}
	d, _ := New(JSON, columns, full, Options{})
	if f, ok := d.Decode(nil, builders(columns, full)); ok || f.Reason != Tombstone {
		t.Fatalf("nil value: %v", f)
	}
}

func TestCSVAndRaw(t *testing.T) {
	columns := []Column{col("a", "int4"), col("b", "text")}
	for in, want := range map[string]string{
		"1,x": "1|x", "1,": "1|NULL", `1,""`: "1|", `1,"a ""q"", b"` + "\r\n": `1|a "q", b`, ",x": "NULL|x",
		"1": `!undecodable b missing data for column "b"`, "1,2,3": "!undecodable  extra data after last expected column",
		`1,"x`: "!undecodable  unterminated CSV quoted field", "x,y": `!type a invalid input syntax for type integer: "x"`,
		"1,a\nb": "!undecodable  unquoted newline found in data", "1,\"a\nb\"": "1|a\nb", `1,a"b"c`: "1|abc",
	} {
		d, err := New(CSV, columns, []int{0, 1}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		bs := builders(columns, []int{0, 1})
		f, ok := d.Decode([]byte(in), bs)
		if got := show(f, ok, bs); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
		if !ok && bs[0].Len()+bs[1].Len() > 0 {
			t.Errorf("%q: a fault left a row", in)
		}
	}
	d, err := New(Raw, []Column{col("v", "text")}, []int{0}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	bs := builders([]Column{col("v", "text")}, []int{0})
	if f, ok := d.Decode([]byte("any\nthing"), bs); show(f, ok, bs) != "any\nthing" {
		t.Error(show(f, ok, bs))
	}
	if f, ok := d.Decode([]byte("\xff"), bs); ok || f.Reason != Undecodable {
		t.Error(f)
	}
	if _, err := New(Raw, columns, nil, Options{}); err == nil {
		t.Error("raw with two columns is accepted")
	}
	if _, err := New("avro", columns, nil, Options{}); err == nil {
		t.Error("an unknown format is accepted")
	}
}

// FuzzJSON: no panic, and the scanner agrees with encoding/json on what an object is.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":"x\u00e9","c":[1,{"d":null}]}`, `{"a":01}`, `{`, `{"a":"\ud800"}`, `[]`, `{"a":1e5}`, "{\"a\":\"\x01\"}", `{"12345678":"12345678\n90","b":-}`, `{"f":[["a",null],["",{}]]}`, `{"f":[[],1]}`} {
		f.Add([]byte(s))
	}
	columns := []Column{col("a", "int4"), col("b", "text"), col("c", "jsonb"), col("d", "numeric"), col("e", "timestamptz"), col("f", "text[]")}
	d, err := New(JSON, columns, []int{0, 1, 2, 3, 4, 5}, Options{})
	if err != nil {
		f.Fatal(err)
	}
	csv, _ := New(CSV, columns, []int{0, 1, 2, 3, 4, 5}, Options{})
	f.Fuzz(func(t *testing.T, in []byte) {
		bs := builders(columns, []int{0, 1, 2, 3, 4, 5})
		fault, ok := d.Decode(in, bs)
		valid := json.Valid(in) && utf8.Valid(in) && strings.HasPrefix(strings.TrimLeft(string(in), " \t\r\n"), "{")
		if ok && !valid {
			t.Fatalf("%q is taken and is no object", in)
		}
		if !ok && valid && fault.Reason == Undecodable {
			t.Fatalf("%q is refused: %s", in, fault.Message)
		}
		want := 0
		if ok {
			want = 1
		}
		csv.Decode(in, builders(columns, []int{0, 1, 2, 3, 4, 5}))
		for _, b := range bs {
			if b.Len() != want {
				t.Fatalf("%q: %d rows in a builder", in, b.Len())
			}
		}
	})
}

func BenchmarkJSON(b *testing.B) {
	columns := []Column{col("order_id", "text"), col("customer_id", "text"), col("amount", "numeric"), col("order_time", "timestamp")}
	small := []byte(`{"order_id":"ord-00012345","customer_id":"c-4711","amount":1234.56,"order_time":"2024-01-02T03:04:05.123Z","n":42}`)
	ints := []byte(`{"id":1234567,"user":"user-00017","page":"/index/of/things","ms":4711,"ok":true,"country":"DE","score":0.75,"n":12}   `)
	intCols := []Column{col("id", "int8"), col("user", "text"), col("page", "text"), col("ms", "int4"), col("ok", "bool"), col("country", "text"), col("score", "float8"), col("n", "int8")}
	big := []byte(`{"order_id":"ord-00012345","note":"` + strings.Repeat("lorem ipsum ", 74) + `","customer_id":"c-4711","amount":1234.56,"order_time":1704164645123}`)
	for _, c := range []struct {
		name    string
		columns []Column
		rec     []byte
	}{{"orders", columns, small}, {"ints", intCols, ints}, {"1KB", columns, big}} {
		b.Run(fmt.Sprintf("%s-%dB", c.name, len(c.rec)), func(b *testing.B) {
			var want []int
			for i := range c.columns {
				want = append(want, i)
			}
			d, err := New(JSON, c.columns, want, Options{})
			if err != nil {
				b.Fatal(err)
			}
			bs := builders(c.columns, want)
			b.SetBytes(int64(len(c.rec)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%4096 == 0 {
					for _, x := range bs {
						x.Clear()
					}
				}
				if f, ok := d.Decode(c.rec, bs); !ok {
					b.Fatal(f)
				}
			}
		})
	}
}
