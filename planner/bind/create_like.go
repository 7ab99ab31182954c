package bind

import (
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// What LIKE takes besides names, types and NOT NULL (TableLikeOption).
const (
	likeComments    = 1 << 0
	likeConstraints = 1 << 2
	likeDefaults    = 1 << 3
	likeGenerated   = 1 << 4
	likeIdentity    = 1 << 5
	likeIndexes     = 1 << 6
	likeStorage     = 1 << 8
	likeCompression = 1 << 1
)

// like takes the columns of another relation, and of what they have what is asked for.
func (d *definition) like(n *pg.TableLikeClause) error {
	if d.stream {
		return unsupported("LIKE in CREATE STREAM")
	}
	from, err := d.b.relation(n.Relation)
	if err != nil {
		return err
	}
	if !from.Readable() || from.Kind == catalog.KindErrors || from.Kind == catalog.KindSequence {
		return sqlerr.New(sqlerr.WrongObjectType, "relation \"%s\" is invalid in LIKE clause", from.Name).At(n.Relation.Location).
			WithDetail("This operation is not supported for %s.", kindsInDetail[from.Kind])
	}
	d.likes = append(d.likes, from)
	takes := func(option uint32) bool { return n.Options&option != 0 }
	first := len(d.rel.Columns)
	for i := range from.Columns {
		if from.Columns[i].Dropped {
			continue
		}
		if err := d.likeColumn(from, i, takes); err != nil {
			return err
		}
	}
	if takes(likeConstraints) {
		for _, c := range from.Checks {
			if c.NotValid = false; !takes(likeComments) {
				c.Comment = ""
			}
			d.rel.Checks = append(d.rel.Checks, c)
		}
	}
	if takes(likeIndexes) {
		return d.likeIndexes(from, first)
	}
	return nil
}

var kindsInDetail = map[catalog.Kind]string{
	catalog.KindIndex: "indexes", catalog.KindSequence: "sequences", catalog.KindSink: "sinks", catalog.KindErrors: "error relations",
}

func (d *definition) likeColumn(from *catalog.Relation, at int, takes func(uint32) bool) error {
	c := &from.Columns[at]
	if d.rel.ColumnIndex(c.Name) >= 0 {
		return sqlerr.New(sqlerr.DuplicateColumn, "column \"%s\" specified more than once", c.Name)
	}
	made := catalog.Column{Name: c.Name, Type: c.Type, NotNull: c.NotNull || from.Kind == catalog.KindTable && from.IsKey(at)}
	if takes(likeComments) {
		made.Comment = c.Comment
	}
	made.Form = likeForm(c.Form, takes)
	switch {
	case c.Identity != "":
		if !takes(likeIdentity) {
			break
		}
		made.Identity, made.NotNull = c.Identity, true
		seq, ok := d.b.cat.ByOID(c.Sequence)
		if !ok {
			break
		}
		counts := *seq.Sequence
		d.rel.Columns = append(d.rel.Columns, made)
		d.sequences = append(d.sequences, ColumnSequence{Column: len(d.rel.Columns) - 1, Relation: &catalog.Relation{
			Schema: d.rel.Schema, Name: d.freeSequence(len(d.rel.Columns) - 1), Kind: catalog.KindSequence, Sequence: &counts, TimestampColumn: -1,
		}})
		return nil
	case c.Generated != "":
		if takes(likeGenerated) {
			made.Generated = c.Generated
		}
	case takes(likeDefaults):
		made.Default, made.Sequence = c.Default, c.Sequence
		for _, oid := range from.DependsOn {
			if DefaultUses(c, oid, d.b.cat, d.b.opts) && !slices.Contains(d.rel.DependsOn, oid) {
				d.rel.DependsOn = append(d.rel.DependsOn, oid)
			}
		}
	}
	d.rel.Columns = append(d.rel.Columns, made)
	return nil
}

// likeIndexes takes the keys and indexes of a table, whose columns here begin at first.
func (d *definition) likeIndexes(from *catalog.Relation, first int) error {
	moved := func(at []int) []int {
		if at == nil {
			return nil
		}
		out := make([]int, len(at))
		for i, n := range at {
			if out[i] = n; n == catalog.NoColumn {
				continue
			}
			out[i] = n + first
			for k := range n {
				if from.Columns[k].Dropped {
					out[i]--
				}
			}
		}
		return out
	}
	key := from.PrimaryKey
	indexes := d.b.cat.Indexes(from.OID)
	if i := slices.IndexFunc(indexes, func(x *catalog.Relation) bool { return x.OID == from.KeyIndex }); i >= 0 && from.KeyIndex != 0 {
		if indexes[i].Index != nil {
			return unsupported("LIKE of a table whose primary key has INCLUDE or WITH")
		}
		key, indexes = indexes[i].KeyColumns, slices.Delete(slices.Clone(indexes), i, i+1)
	}
	if from.Kind == catalog.KindTable && len(key) > 0 {
		if d.hasKey {
			return sqlerr.New(sqlerr.InvalidTableDefinition, "multiple primary keys for table \"%s\" are not allowed", d.rel.Name)
		}
		d.hasKey, d.rel.PrimaryKey = true, moved(key)
	}
	for _, x := range indexes {
		if x.Kind != catalog.KindIndex || x.Parent != from.OID {
			continue
		}
		made := &catalog.Relation{
			Schema: d.rel.Schema, Kind: catalog.KindIndex, KeyColumns: moved(x.KeyColumns), Unique: x.Unique, Constraint: x.Constraint, TimestampColumn: -1,
		}
		if made.Settings = x.Settings; x.Index != nil {
			ix := *x.Index
			ix.Include = moved(ix.Include)
			made.Index = &ix
		}
		label := "idx"
		if x.Constraint {
			label = "key"
		}
		made.Name = d.freeIndex(d.columnNamesOf(made), label)
		d.indexes = append(d.indexes, made)
	}
	return nil
}

// columnNamesOf are what an index of the table calls its columns.
func (d *definition) columnNamesOf(ix *catalog.Relation) []string {
	var names []string
	for i, c := range slices.Concat(ix.KeyColumns, ix.Included()) {
		if c == catalog.NoColumn {
			names = append(names, ix.IndexKey(i).Name)
		} else {
			names = append(names, d.rel.Columns[c].Name)
		}
	}
	return distinctNames(names)
}

// freeIndex chooses <table>_<columns>_<label>, with a number where that is taken.
func (d *definition) freeIndex(columns []string, label string) string {
	want := objectName(d.rel.Name, strings.Join(columns, "_"), label)
	taken := func(name string) bool {
		return slices.ContainsFunc(d.indexes, func(x *catalog.Relation) bool { return x.Name == name })
	}
	name := freeName(d.b, d.rel.Schema, want)
	for i := 1; taken(name); i++ {
		name = freeName(d.b, d.rel.Schema, want+strconv.Itoa(i))
	}
	return name
}
