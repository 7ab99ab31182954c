package pgcatalog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// some are facts of a catalog with one object of each kind.
type some struct {
	system.Facts
	cat *catalog.Snapshot
}

func (f some) Catalog() *catalog.Snapshot { return f.cat }
func (f some) Asker() system.Asker        { return asker{} }
func (some) Settings() []system.Setting {
	return []system.Setting{{Name: "max_connections", Value: "100", Source: "default"}, {Name: "log_sql", Value: "off", Source: "default"}, {Name: "work_memory", Value: "64MB", Source: "a flag"}}
}
func (f some) Totals() system.Totals { return system.Totals{Commits: 3} }
func (f some) Locks() []system.Lock {
	return []system.Lock{{PID: 7, Sort: "relation", Relation: 16384, Mode: "AccessShareLock", Granted: true}}
}
func (f some) Sessions() []system.Session {
	return []system.Session{{PID: 7, User: "tributary", Database: "tributary", State: "active"}}
}

type asker struct{}

func (asker) Catalog() *catalog.Snapshot { panic("not asked here") }

func (asker) SeesSessions(string) bool { return true }
func (asker) User() string             { return "tributary" }
func (asker) Database() string         { return "tributary" }
func (asker) PID() int32               { return 7 }
func (asker) Path() []string           { return []string{"public"} }
func (asker) SessionSettings() []system.SessionSetting {
	return []system.SessionSetting{{Name: "a", Value: "1", Type: "enum", Values: []string{"1", "2"}}}
}
func (asker) Prepared() []system.PreparedStatement {
	return []system.PreparedStatement{{Name: "p", Statement: "SELECT 1"}}
}
func (asker) Cursors() []system.Cursor { return []system.Cursor{{Name: "c", Statement: "SELECT 1"}} }

var (
	int4 = sqltype.Of(sqltype.Int4)
	text = sqltype.Of(sqltype.Text)
)

// objects are one of each kind, and n tables more.
func objects(n int) []*catalog.Relation {
	out := []*catalog.Relation{
		{OID: 16384, Schema: "public", Name: "t", Kind: catalog.KindTable, PrimaryKey: []int{0}, Columns: []catalog.Column{
			{Name: "id", Type: int4, NotNull: true, Sequence: 16386}, {Name: "Name", Type: text, Default: "'x'"}, {Name: "n", Type: int4, Identity: "always", Sequence: 16387},
		}, Checks: []catalog.Check{{Name: "t_n_check", Expr: `n > 0 AND "Name" <> 'id'`}}},
		{OID: 16385, Schema: "public", Name: "t_n_key", Kind: catalog.KindIndex, Parent: 16384, KeyColumns: []int{2}, Unique: true, Constraint: true},
		{OID: 16386, Schema: "public", Name: "t_id_seq", Kind: catalog.KindSequence, Parent: 16384, Sequence: &catalog.Sequence{Type: sqltype.Int4, Start: 1, Increment: 1, Min: 1, Max: 9}},
		{OID: 15001, Kind: catalog.KindDatabase, Comment: "ours"},
		{OID: 15002, Name: "said", Kind: catalog.KindSchema, Comment: "a schema"},
		{OID: 16387, Schema: "public", Name: "t_n_seq", Kind: catalog.KindSequence, Comment: "a sequence", Parent: 16384, Sequence: &catalog.Sequence{Type: sqltype.Int4, Start: 1, Increment: 1, Min: 1, Max: 9}},
		{OID: 16388, Schema: "public", Name: "v", Kind: catalog.KindView, Query: "SELECT id FROM t", DependsOn: []catalog.OID{16384}, Columns: []catalog.Column{{Name: "id", Type: int4}}},
		{OID: 16389, Schema: "public", Name: "s", Kind: catalog.KindStream, Columns: []catalog.Column{{Name: "at", Type: sqltype.Of(sqltype.Timestamptz)}}},
		{OID: 16390, Schema: "public", Name: "out", Kind: catalog.KindSink, Query: "SELECT 1"},
		{OID: 16391, Schema: "public", Name: "mood", Kind: catalog.KindType, CreatedAt: 1, UserType: &catalog.UserType{Labels: []sqltype.Label{{Name: "sad", Key: 1}, {Name: "ok", Key: 2}}}},
		{OID: 16392, Name: "p", Kind: catalog.KindPolicy, Parent: 16384, Query: "SELECT id > 0, NULL::boolean FROM public.t", DependsOn: []catalog.OID{16384},
			Policy: &catalog.Policy{Command: "r", Roles: []catalog.OID{60_000}, Using: "(id > 0)"}},
	}
	for i := range n {
		out = append(out, &catalog.Relation{OID: 17000 + catalog.OID(i), Schema: "public", Name: fmt.Sprintf("t%d", i), Kind: catalog.KindTable, PrimaryKey: []int{0},
			Columns: []catalog.Column{{Name: "a", Type: int4}, {Name: "b", Type: text}}})
	}
	return out
}

// Rows implements system.Facts.
func (some) Rows(catalog.OID) (float64, bool) { return 12, true }

func facts(n int) some {
	c := catalog.New(Catalog()...)
	tx := c.Begin()
	for _, r := range objects(n) {
		tx.Put(r)
	}
	tx.Put(&catalog.Relation{OID: 60_000, Name: "bob", Kind: catalog.KindRole, Role: &catalog.Role{MemberOf: []catalog.Membership{{Role: 10, Grantor: 10}},
		Defaults: []catalog.DefaultACL{{Kind: acl.Table}}, Settings: []catalog.Setting{{Name: "jit", Value: "on"}}}})
	entry, err := tx.Entry()
	if err != nil {
		panic(err)
	}
	for _, ch := range entry.Changes {
		if err := c.Apply(1, ch); err != nil {
			panic(err)
		}
	}
	return some{cat: c.Now()}
}

func rowsOf(t testing.TB, r *system.Relation, f system.Facts, key system.Key) (out []string) {
	t.Helper()
	err := r.Emit(context.Background(), f, key, func(b *delta.Batch) error {
		for i := range int32(b.Len) {
			var row []string
			for c := range b.Cols {
				value := "NULL"
				if !b.Cols[c].Null(i) {
					value = string(codec.FormatText(nil, &b.Cols[c], i, codec.UTC))
				}
				row = append(row, value)
			}
			out = append(out, strings.Join(row, "|"))
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", r.Name, err)
	}
	return out
}

func named(t testing.TB, name string) *system.Relation {
	t.Helper()
	for _, r := range All() {
		if r.Schema == "pg_catalog" && r.Name == name {
			return r
		}
	}
	t.Fatalf("no relation %s", name)
	return nil
}

// TestRelations: each is whole, every one of sources gives rows, a column that is unique is, and rows are found
// by every look-up as they are without it.
func TestRelations(t *testing.T) {
	f, oids := facts(3), map[catalog.OID]bool{}
	for _, r := range All() {
		if oids[r.OID] || r.OID >= catalog.FirstOID {
			t.Errorf("%s: OID %d", r.Name, r.OID)
		}
		oids[r.OID] = true
		all := rowsOf(t, r, f, system.Whole)
		if _, is := sources[r.Name]; is && r.Schema == "pg_catalog" && len(all) == 0 {
			t.Errorf("%s has no rows", r.Name)
		}
		for _, at := range r.Unique {
			seen := map[string]bool{}
			for _, row := range all {
				v := strings.Split(row, "|")[at]
				if seen[v] {
					t.Errorf("%s: two rows with %s", r.Name, v)
				}
				seen[v] = true
			}
		}
		for _, at := range r.Lookups {
			lookUp(t, r, f, at, all)
		}
	}
}

// lookUp compares the rows of each value of a column with those of a scan.
func lookUp(t *testing.T, r *system.Relation, f system.Facts, at int, all []string) {
	by := map[string][]string{}
	for _, row := range all {
		v := strings.Split(row, "|")[at]
		by[v] = append(by[v], row)
	}
	by["4000000000"], by["nobody"] = nil, nil
	tried := 0
	for v, want := range by {
		if tried++; tried > 400 && !strings.HasPrefix(v, "t") {
			continue
		}
		key := system.Key{Column: at, Name: v}
		if r.Columns[at].Type == sqltype.OIDType {
			if v == "nobody" {
				continue
			}
			key = system.Key{Column: at, OID: bootstrap.Number(v)}
		}
		var have []string
		for _, row := range rowsOf(t, r, f, key) {
			if strings.Split(row, "|")[at] == v {
				have = append(have, row)
			}
		}
		slices.Sort(have)
		slices.Sort(want)
		if !slices.Equal(have, want) {
			t.Errorf("%s by %s = %s:\n%s\nwant\n%s", r.Name, r.Columns[at].Name, v, strings.Join(have, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestNames: what is shown reads back.
func TestNames(t *testing.T) {
	v := NewView(facts(0).cat, []string{"public"})
	for _, c := range []struct {
		t          sqltype.OID
		text, show string
	}{
		{sqltype.Regclass, "T", "t"}, {sqltype.Regclass, "public.t_pkey", "t_pkey"}, {sqltype.Regclass, "pg_class", "pg_class"},
		{sqltype.Regclass, "information_schema.tables", "information_schema.tables"},
		{sqltype.Regtype, "int", "integer"}, {sqltype.Regtype, "varchar(3)[]", "character varying[]"}, {sqltype.Regtype, "t", "t"}, {sqltype.Regtype, "t[]", "t[]"},
		{sqltype.Regtype, "time with time zone", "time with time zone"}, {sqltype.Regtype, "pg_catalog.point", "point"}, {sqltype.Regtype, "_point", "point[]"},
		{sqltype.Regproc, "now", "now"}, {sqltype.Regprocedure, "abs( int )", "abs(integer)"}, {sqltype.Regprocedure, "now()", "now()"},
		{sqltype.Regoper, "~<~", ""}, {sqltype.Regoperator, "+(int,int)", "+(integer,integer)"}, {sqltype.Regoperator, "-(NONE, bigint)", "-(NONE,bigint)"},
		{sqltype.Regnamespace, "public", "public"}, {sqltype.Regnamespace, "tributary", "tributary"}, {sqltype.Regrole, "tributary", "tributary"},
	} {
		oid, err := v.OIDOf(c.t, c.text)
		if c.show == "" {
			if err == nil {
				t.Errorf("%s %s: no error", c.t, c.text)
			}
			continue
		}
		if err != nil || v.NameOf(c.t, oid) != c.show {
			t.Errorf("%s %s: %v, shown as %q, want %q", c.t, c.text, err, v.NameOf(c.t, oid), c.show)
			continue
		}
		if again, err := v.OIDOf(c.t, c.show); err != nil || again != oid {
			t.Errorf("%s %s reads back as %d, not %d: %v", c.t, c.show, again, oid, err)
		}
	}
}

func TestDefinitions(t *testing.T) {
	v := NewView(facts(0).cat, []string{"public"})
	tab, _ := v.cat.ByOID(16384)
	var got []string
	for _, c := range v.constraints(tab) {
		def, _ := v.ConstraintDef(c.oid, false)
		got = append(got, fmt.Sprint(c.name, " ", def, c.columns))
	}
	for _, x := range v.indexes(tab) {
		def, _ := v.IndexDef(x.oid, 0, false)
		got = append(got, def)
	}
	for i := range tab.Columns {
		got = append(got, v.defaultText(&tab.Columns[i]))
	}
	def, _ := v.ViewDef(16388)
	got = append(got, def)
	want := []string{
		`t_n_check CHECK ((n > 0 AND "Name" <> 'id'))[1 2]`, "t_pkey PRIMARY KEY (id)[0]", "t_n_key UNIQUE (n)[2]",
		"CREATE UNIQUE INDEX t_pkey ON public.t USING btree (id)", "CREATE UNIQUE INDEX t_n_key ON public.t USING btree (n)",
		"nextval('t_id_seq'::regclass)", "'x'::text", "nextval('t_n_seq'::regclass)", " SELECT id FROM t;",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPretty(t *testing.T) {
	for in, want := range map[string]string{
		"(a + 1)": "a + 1", "((a))": "a", "(a) + (b)": "(a) + (b)", "a": "a", "(a = ')')": "a = ')'", "(": "(", "": "",
	} {
		if got := Pretty(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// TestManyObjects: a look-up makes no more rows than it must, however many there are.
func TestManyObjects(t *testing.T) {
	f := facts(10_000)
	for name, key := range map[string]system.Key{
		"pg_class": {Column: 1, Name: "t77"}, "pg_attribute": {Column: 0, OID: 17077}, "pg_type": {Column: 0, OID: rowTypes + 17077},
		"pg_constraint": {Column: 7, OID: 17077}, "pg_index": {Column: 1, OID: 17077},
	} {
		began := time.Now()
		if rows := rowsOf(t, named(t, name), f, key); len(rows) == 0 || len(rows) > 4 {
			t.Errorf("%s: %d rows", name, len(rows))
		}
		t.Logf("%s: %v", name, time.Since(began))
	}
}
