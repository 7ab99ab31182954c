package bind

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
)

// fakeCatalog is a catalog.Reader made by hand.
type fakeCatalog struct {
	rels []*catalog.Relation
}

func (f *fakeCatalog) Version() log.CommitSeq { return 1 }

func (f *fakeCatalog) Relation(schema, name string, path []string) (*catalog.Relation, bool) {
	for _, r := range f.rels {
		if r.Name == name && (r.Schema == schema || (schema == "" && slices.Contains(path, r.Schema))) {
			return r, true
		}
	}
	return nil, false
}

func (f *fakeCatalog) ByOID(oid catalog.OID) (*catalog.Relation, bool) {
	for _, r := range f.rels {
		if r.OID == oid {
			return r, true
		}
	}
	return nil, false
}

func (f *fakeCatalog) Indexes(table catalog.OID) []*catalog.Relation {
	var out []*catalog.Relation
	for _, r := range f.rels {
		if r.Kind == catalog.KindIndex && r.Parent == table {
			out = append(out, r)
		}
	}
	return out
}

func (f *fakeCatalog) Dependents(catalog.OID) []*catalog.Relation { return nil }

func (f *fakeCatalog) Referring(catalog.OID) []*catalog.Relation { return nil }

func (f *fakeCatalog) Relations(kind catalog.Kind) []*catalog.Relation {
	var out []*catalog.Relation
	for _, r := range f.rels {
		if r.Kind == kind {
			out = append(out, r)
		}
	}
	return out
}

func (f *fakeCatalog) Schema(name string) (*catalog.Relation, bool) {
	return &catalog.Relation{OID: 2200, Name: name, Kind: catalog.KindSchema}, name == "public"
}

func (f *fakeCatalog) OwnerOf(*catalog.Relation) catalog.OID         { return 0 }
func (f *fakeCatalog) InitialACL(*catalog.Relation) acl.ACL          { return nil }
func (f *fakeCatalog) Policies(catalog.OID) []*catalog.Relation      { return nil }
func (f *fakeCatalog) RowsAre(catalog.OID, *catalog.Relation) bool   { return false }
func (f *fakeCatalog) PolicyIsFor(*catalog.Policy, catalog.OID) bool { return false }
func (f *fakeCatalog) RoleNamed(string) (*catalog.Relation, bool)    { return nil, false }
func (f *fakeCatalog) RoleOf(catalog.OID) (*catalog.Relation, bool)  { return nil, false }
func (f *fakeCatalog) Roles() []*catalog.Relation                    { return nil }

func (f *fakeCatalog) Type(string, string, []string) (*catalog.Relation, bool) { return nil, false }

func (f *fakeCatalog) HasSchema(name string) bool { return name == "public" }

func (f *fakeCatalog) add(r *catalog.Relation) *catalog.Relation {
	r.OID = catalog.FirstOID + catalog.OID(len(f.rels))
	if r.Schema == "" {
		r.Schema = "public"
	}
	f.rels = append(f.rels, r)
	return r
}

// columnsOf reads "a int4, b text not null".
func columnsOf(list string) []catalog.Column {
	var out []catalog.Column
	for _, c := range strings.Split(list, ",") {
		f := strings.Fields(c)
		t := builtin.TypeByName(f[1])
		if t == nil {
			panic(fmt.Sprintf("no type %q", f[1]))
		}
		out = append(out, catalog.Column{Name: f[0], Type: sqltype.Of(t.OID), NotNull: len(f) > 2})
	}
	return out
}

func testCatalog() *fakeCatalog {
	f := &fakeCatalog{}
	t := f.add(&catalog.Relation{Name: "t", Kind: catalog.KindTable, Columns: columnsOf("id int4 not null, a int4, b text, c numeric, d float8, e timestamp, f bool"), PrimaryKey: []int{0}, TimestampColumn: -1})
	f.add(&catalog.Relation{Name: "t_a", Kind: catalog.KindIndex, Parent: t.OID, KeyColumns: []int{1}})
	f.add(&catalog.Relation{Name: "u", Kind: catalog.KindTable, Columns: columnsOf("id int4, x int8, b text"), TimestampColumn: -1})
	f.add(&catalog.Relation{Name: "orders", Kind: catalog.KindStream, Columns: columnsOf("order_id varchar, customer_id varchar, amount numeric, order_time timestamp"), TimestampColumn: 3})
	f.add(&catalog.Relation{Name: "clicks", Kind: catalog.KindStream, Columns: columnsOf("uid int8, ts timestamptz, url text"), TimestampColumn: 1, Watermark: &catalog.Watermark{Column: 1}})
	f.add(&catalog.Relation{Name: "v", Kind: catalog.KindView, Columns: columnsOf("k text, n int8"), PrimaryKey: []int{0}, TimestampColumn: -1})
	f.add(&catalog.Relation{Name: "s", Kind: catalog.KindSink, Columns: columnsOf("k text"), TimestampColumn: -1})
	types := f.add(&catalog.Relation{Name: "types", Kind: catalog.KindTable, TimestampColumn: -1})
	for _, n := range columnTypes() {
		types.Columns = append(types.Columns, catalog.Column{Name: "c_" + n, Type: sqltype.Of(builtin.TypeByName(n).OID)})
	}
	return f
}

func (*fakeCatalog) Functions(string) []*catalog.Relation { return nil }
