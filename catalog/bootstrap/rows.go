package bootstrap

import (
	"embed"
	"strings"
	"sync"
)

//go:embed rows
var rowFiles embed.FS

// Row is a row in the text form of COPY, one field a column.
type Row []string

// Keywords names the rows of pg_get_keywords(), which is no relation.
const Keywords = "pg_get_keywords"

// Null is the field of a NULL.
const Null = `\N`

// table is the rows of a relation and the place of each by OID, the first field.
type table struct {
	rows  []Row
	byOID map[uint32]int
	named map[string][]int // by the second field, a name
}

var tables sync.Map // name -> func() *table

func tableOf(name string) *table {
	load, _ := tables.LoadOrStore(name, sync.OnceValue(func() *table { return read(name) }))
	return load.(func() *table)()
}

func read(name string) *table {
	text, err := rowFiles.ReadFile("rows/" + name + ".tsv")
	if err != nil {
		return &table{}
	}
	t := &table{byOID: map[uint32]int{}, named: map[string][]int{}}
	for line := range strings.Lines(string(text)) {
		row := Row(strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
		if name != "pg_description" && name != Keywords {
			t.byOID[number(row[0])] = len(t.rows)
			t.named[row[1]] = append(t.named[row[1]], len(t.rows))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// Rows are the system rows of a relation of pg_catalog, nil for one that has none.
func Rows(relation string) []Row { return tableOf(relation).rows }

// ByOID is a relation's row whose first column is oid, nil = there is none.
func ByOID(relation string, oid uint32) Row {
	t := tableOf(relation)
	if i, ok := t.byOID[oid]; ok {
		return t.rows[i]
	}
	return nil
}

// Named are a relation's rows whose second column is name.
func Named(relation, name string) []Row {
	t := tableOf(relation)
	var out []Row
	for _, i := range t.named[name] {
		out = append(out, t.rows[i])
	}
	return out
}

var escapes = strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\r`, "\r", `\b`, "\b", `\f`, "\f", `\v`, "\v")

// Text is a field's value, which is not NULL.
func Text(field string) string {
	if strings.IndexByte(field, '\\') < 0 {
		return field
	}
	return escapes.Replace(field)
}

// Number is a field that is an OID or another number from 0 on.
func Number(field string) uint32 { return number(field) }
