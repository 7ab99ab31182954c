package bootstrap

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"github.com/tributary-db/tributary/internal/sqltype"
)

// Relation is a table or view of pg_catalog or information_schema.
type Relation struct {
	OID, RowType uint32
	Schema, Name string
	Kind         byte // pg_class.relkind
	Columns      []Column
}

// Column of a Relation.
type Column struct {
	Name    string
	Type    sqltype.OID
	NotNull bool
}

//go:embed columns.txt
var columnsText string

// Relations are all, by OID.
var Relations = sync.OnceValue(func() []*Relation {
	var out []*Relation
	for line := range strings.Lines(columnsText) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if f[0] != "" {
			out = append(out, &Relation{Schema: f[0], Name: f[1], OID: number(f[2]), Kind: f[3][0], RowType: number(f[4])})
			continue
		}
		r := out[len(out)-1]
		r.Columns = append(r.Columns, Column{Name: f[1], Type: typeNamed(f[2]), NotNull: len(f) > 3})
	}
	return out
})

func number(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		panic("bootstrap: " + err.Error()) // columns.txt is part of the program
	}
	return uint32(n)
}

var typeNames = sync.OnceValue(func() map[string]sqltype.OID {
	m := map[string]sqltype.OID{}
	for _, t := range sqltype.All() {
		m[t.Name] = t.OID
	}
	return m
})

func typeNamed(name string) sqltype.OID {
	t, ok := typeNames()[name]
	if !ok {
		panic("bootstrap: no type " + name) // likewise
	}
	return t
}
