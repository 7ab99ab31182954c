package codec_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/internal/sqltype/typetest"
)

var arrayInputs = map[string][]string{
	"integer[]": {"{}", "{1}", " { 1 , 2 } ", "{1,NULL,3}", "{null}", "{nuLL,2}", "{1,2", "1,2}", "{1,,2}", "{,1}", "{1,}", "{1}x", "{1} ", "", " ", "{x}", "{1 2}",
		"{{1,2},{3,4}}", "{{1,2},{3}}", "{{1},2}", "{1,{2}}", "{{}}", "{{},{}}", "{{1},{}}", "{{1,2},{3,4},{5,6}}", "{{{1}},{{2}}}", "{{{1},{2}},{{3}}}",
		"[1:2]={1,2}", "[0:1]={1,2}", "[2]={1,2}", "[1:3]={1,2}", "[5:4]={}", "[1:2][3:4]={{1,2},{3,4}}", "[-3:-2]={7,8}", "[1:2] ={1,2}", "[1:2]= {1,2}", " [0:0]={5}",
		"[1:2]{1,2}", "[1:2", "[]={1}", "[a]={1}", "[1:]={1}", "[1:2]=1", "[+1:+2]={1,2}", "[1-2:4]={1,2}", "[2147483647:2147483647]={1}", "[2147483646:2147483646]={1}",
		"[1][1][1][1][1][1][1]={1}", "{{{{{{1}}}}}}", "{{{{{{{1}}}}}}}", "[0:0][0:0]={{1}}", "[1:1]={{1}}", "[0:0]={}", "{\"1\",\"2\"}", "{ \"1\" , 2}", "{\"1\"2}", "{1\"2\"}", "{99999999999}",
		"{1,\\2}", "}", "{{1,2}", "{1}}", "{1},{2}", "{\n1\t,\v2\f}", "{-1,+2}", "{1;2}"},
	"text[]": {"{a,b}", "{\"\"}", "{\" a \"}", "{ a b , c }", "{a\\,b}", "{\"a\\\"b\"}", "{\"a\\\\b\"}", "{\\a}", "{\\NULL}", "{\"NULL\"}", "{NULL}", "{N\\ULL}", "{null }", "{ab\\ }", "{ab \\ }", "{\\ }",
		"{\"a,b\",\"{c}\"}", "{\"a}", "{a\"b}", "{\"a\"b}", "{a}\"", "{\"a\" }", "{\"a\"\"b\"}", "{a\\", "{a\\}", "{\"a\\\"}", "{é,日本}", "{'x'}", "{a{b}", "{a}b}", "{[1]}", "[2:3]={a,b}", "{\u00a0}", "{\"\n\"}"},
	"numeric(5,2)[]":             {"{1.005,2}", "{1000}", "{NaN,0.00}", "{{1.2},{3.45678}}"},
	"double precision[]":         {"{1,-0,NaN,Infinity}", "{1e400}", "{x}"},
	"timestamp with time zone[]": {"{2024-01-02 03:04:05,infinity}", "{\"2024-07-02 03:04:05+02\",NULL}"},
	"jsonb[]":                    {`{"{\"a\": 1}",null,"null",1}`, `{{"[]","{}"}}`, `{"{"}`},
	"boolean[]":                  {"{t,f,yes,NULL}", "{2}"},
	"bytea[]":                    {`{"\\x00ff",abc}`, `{"\\xz"}`},
	"interval[]":                 {`{1 day,"2 hours","-1 mon"}`},
	"uuid[]":                     {"{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"},
	"name[]":                     {"{abc}"},
	`"char"[]`:                   {`{a,"\\101",""}`},
	"character(3)[]":             {"{a,abc}"},
	"date[]":                     {"{2024-01-01,infinity}"},
	"json[]":                     {`{"{\"a\" : 1}"}`},
	"oid[]":                      {"{1,4294967295}"},
}

func TestArraysAgainstPostgres(t *testing.T) {
	conn := connect(t)
	for name, texts := range arrayInputs {
		typ := typeOf(t, name)
		for _, in := range texts {
			compareText(t, conn, name, typ, in, nil)
		}
	}
}

// Random literals of the characters that mean something in one.
func TestArrayLiteralsAgainstPostgres(t *testing.T) {
	conn := connect(t)
	r := rand.New(rand.NewPCG(3, 4))
	parts := []string{"{", "}", "{", "}", ",", ",", `"`, `\`, " ", "a", "NULL", "1", "[1:2]", "=", "[0:0]", "{1,2}", "{3,4}", "{a", "b}", `"x"`, "\t"}
	for range 3000 {
		var b strings.Builder
		if r.IntN(3) > 0 {
			b.WriteByte('{')
		}
		for range r.IntN(9) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		if r.IntN(3) > 0 {
			b.WriteByte('}')
		}
		compareText(t, conn, "text[]", sqltype.Of(sqltype.Text.Array()), b.String(), nil)
	}
	types := typetest.Types()
	for range 600 {
		if c := types[r.IntN(len(types))]; c.Type.OID.Elem() != sqltype.Invalid && c.Type.Mod < 0 {
			compareText(t, conn, sqltype.TypeName(c.Type), c.Type, typetest.Value(r, c.Type), nil)
		}
	}
}

// FuzzArrayText: what is read is written and reads back the same; nothing panics.
func FuzzArrayText(f *testing.F) {
	for _, in := range arrayInputs["text[]"] {
		f.Add(in)
	}
	typ := sqltype.Of(sqltype.Text.Array())
	f.Fuzz(func(t *testing.T, in string) {
		b := delta.NewBuilder(typ.OID)
		if codec.AppendText(b, typ, []byte(in), nil) != nil {
			return
		}
		readsBack(t, b, typ)
	})
}

// FuzzArrayBinary: a header says no more than its bytes hold.
func FuzzArrayBinary(f *testing.F) {
	for _, name := range []sqltype.OID{sqltype.Text, sqltype.Numeric} {
		typ := sqltype.Of(name.Array())
		b := delta.NewBuilder(typ.OID)
		for _, in := range []string{"{}", "{1,NULL}", "[2:3][0:0]={{1},{2}}"} {
			if err := codec.AppendText(b, typ, []byte(in), nil); err != nil {
				f.Fatal(err)
			}
		}
		c := b.Column()
		for row := range int32(c.Len) {
			f.Add(codec.FormatBinary(nil, &c, row))
		}
	}
	f.Add([]byte("\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x19\x07\xff\xff\xff\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, elem := range []sqltype.OID{sqltype.Text, sqltype.Numeric, sqltype.Int4} {
			typ := sqltype.Of(elem.Array())
			b := delta.NewBuilder(typ.OID)
			if codec.AppendBinary(b, typ, in, nil) == nil {
				readsBack(t, b, typ)
			}
		}
	})
}

// readsBack: the one value of b is the same after text and after binary.
func readsBack(t *testing.T, b *delta.Builder, typ sqltype.Type) {
	c := b.Column()
	text, binary := codec.FormatText(nil, &c, 0, nil), codec.FormatBinary(nil, &c, 0)
	if err := codec.AppendText(b, typ, text, nil); err != nil {
		t.Fatalf("%q is not read back: %v", text, err)
	}
	if err := codec.AppendBinary(b, typ, binary, nil); err != nil {
		t.Fatalf("%x is not read back: %v", binary, err)
	}
	c = b.Column()
	for row := int32(1); row < 3; row++ {
		if !bytes.Equal(c.Bytes(0), c.Bytes(row)) || !delta.EqualImage(&c, 0, &c, row) {
			t.Fatalf("%q reads back as %q", text, codec.FormatText(nil, &c, row, nil))
		}
	}
}
