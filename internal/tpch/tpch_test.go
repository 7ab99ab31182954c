package tpch

import (
	"bytes"
	"strings"
	"testing"
)

// TestRows: keys fit, lines belong to orders, a run is like the one before.
func TestRows(t *testing.T) {
	const scale = Scale(0.002)
	rows := map[string][][]string{}
	for _, table := range Tables {
		var first, second bytes.Buffer
		if err := Write(&first, table, scale); err != nil {
			t.Fatal(err)
		}
		if err := Write(&second, table, scale); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("%s: another time other rows, %v", table, err)
		}
		for text := range strings.Lines(first.String()) {
			rows[table] = append(rows[table], strings.Split(strings.TrimSuffix(text, "\n"), "\t"))
		}
	}
	keys := func(table string, columns ...int) map[string]bool {
		out := map[string]bool{}
		for _, r := range rows[table] {
			var key []string
			for _, c := range columns {
				key = append(key, r[c])
			}
			out[strings.Join(key, " ")] = true
		}
		return out
	}
	for _, ref := range []struct {
		table   string
		columns []int
		to      string
		key     []int
	}{
		{"nation", []int{2}, "region", []int{0}},
		{"supplier", []int{3}, "nation", []int{0}},
		{"customer", []int{3}, "nation", []int{0}},
		{"partsupp", []int{0}, "part", []int{0}},
		{"partsupp", []int{1}, "supplier", []int{0}},
		{"orders", []int{1}, "customer", []int{0}},
		{"lineitem", []int{0}, "orders", []int{0}},
		{"lineitem", []int{1, 2}, "partsupp", []int{0, 1}},
	} {
		to := keys(ref.to, ref.key...)
		if len(to) != len(rows[ref.to]) {
			t.Errorf("%s: %d keys of %d rows", ref.to, len(to), len(rows[ref.to]))
		}
		for key := range keys(ref.table, ref.columns...) {
			if !to[key] {
				t.Fatalf("%s has %q, %s has not", ref.table, key, ref.to)
			}
		}
	}
	if n := len(keys("lineitem", 0)); n != len(rows["orders"]) || n != 3000 {
		t.Errorf("%d orders with lines of %d", n, len(rows["orders"]))
	}
	if n := len(rows["lineitem"]); n < 11_000 || n > 13_000 {
		t.Errorf("%d lines", n)
	}
}
