package jsonb_test

import (
	"context"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/test/pgoracle"
)

var docs = []string{
	`null`, `true`, `false`, `0`, `-0`, `1`, `1.0`, `1.00`, `2`, `-1.5`, `1e2`, `100`, `""`, `"a"`, `"b"`, `"B"`, `"aa"`, `"é"`, `"a\"b"`, `[]`, `{}`,
	`[1]`, `[1.0]`, `[null]`, `[[]]`, `[{}]`, `[1,2]`, `["a"]`, `[true]`, `{"a":1}`, `{"a":1.0}`, `{"b":0}`, `{"aa":0}`, `{"a":1,"b":2}`, `{"b":2,"a":1}`,
	`{"a":{"x":[1,2,{"y":null}]}}`, `{"a":{"x":[1,2,{"y":1}]}}`, `{"":1}`, `{"a":[]}`, `{"a":{}}`, `{"a":null}`, `["a",{"k":"v"}]`, `["a",{"k":"w"}]`, `{"a:":", "}`,
}

// Order, equality and hashes are those of PostgreSQL's jsonb.
func TestCompareAgainstPostgres(t *testing.T) {
	conn := pgoracle.Start(t)
	canonical := make([][]byte, len(docs))
	for i, d := range docs {
		var err error
		if canonical[i], err = jsonb.Normalize(nil, []byte(d)); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := conn.Query(context.Background(), `SELECT a.i - 1, b.i - 1, jsonb_cmp(a.d::jsonb, b.d::jsonb)
		FROM unnest($1::text[]) WITH ORDINALITY a(d, i), unnest($1::text[]) WITH ORDINALITY b(d, i)`, docs)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var i, j, want int
		if err := rows.Scan(&i, &j, &want); err != nil {
			t.Fatal(err)
		}
		n++
		got := jsonb.Compare(canonical[i], canonical[j])
		if sign(got) != sign(want) {
			t.Errorf("%s vs %s: %d, want %d", docs[i], docs[j], got, want)
		}
		if got == 0 && jsonb.Hash(canonical[i]) != jsonb.Hash(canonical[j]) {
			t.Errorf("%s = %s, but their hashes differ", docs[i], docs[j])
		}
	}
	if rows.Err() != nil || n != len(docs)*len(docs) {
		t.Fatal(rows.Err(), n)
	}
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// FuzzNormalize: no panic, valid exactly when encoding/json says so (jsonb refuses more: see
// its doc), and canonical text is its own canonical text.
func FuzzNormalize(f *testing.F) {
	for _, d := range docs {
		f.Add([]byte(d))
	}
	f.Add([]byte(`{"a" : [1 , "\u00e9\ud83d\ude00", {"b":tru}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		if !utf8.Valid(in) {
			return
		}
		if ok := jsonb.Valid(in) == nil; ok != json.Valid(in) {
			t.Fatalf("%q: valid %v, encoding/json %v", in, ok, json.Valid(in))
		}
		out, err := jsonb.Normalize(nil, in)
		if err != nil {
			return
		}
		again, err := jsonb.Normalize(nil, out)
		if err != nil || string(again) != string(out) {
			t.Fatalf("%q: %q, again %q %v", in, out, again, err)
		}
		if jsonb.Compare(out, again) != 0 || jsonb.Hash(out) != jsonb.Hash(again) {
			t.Fatalf("%q is not equal to itself", in)
		}
		jsonb.Compare(in, out) // in may not be canonical: any order, no panic
		jsonb.Hash(in)
	})
}
