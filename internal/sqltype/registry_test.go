package sqltype_test

import (
	"context"
	"testing"

	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// The registry is PostgreSQL's pg_type, and names are format_type's.
func TestRegistryAgainstPostgres(t *testing.T) {
	conn := pgoracle.Start(t)
	ctx := context.Background()
	for _, i := range sqltype.All() {
		var name, category, shown string
		var preferred bool
		var length int16
		var array uint32
		err := conn.QueryRow(ctx, `SELECT typname, typcategory::text, typispreferred, typlen, typarray, format_type(oid, NULL) FROM pg_type WHERE oid = $1`, uint32(i.OID)).
			Scan(&name, &category, &preferred, &length, &array, &shown)
		if err != nil {
			t.Fatal(i.Name, err)
		}
		if name != i.Name || category != string(rune(i.Category)) || preferred != i.Preferred || length != i.Len || array != uint32(i.Array) && i.OID != sqltype.Record || shown != i.SQLName {
			t.Errorf("%+v, PostgreSQL has %s %s %v %d %d %s", i, name, category, preferred, length, array, shown)
		}
		if got := i.OID.String(); got != shown {
			t.Errorf("String of %s: %s", shown, got)
		}
		for _, n := range []string{i.Name, shown} {
			if oid, ok := sqltype.ByName(n); !ok || oid != i.OID && n != "char" {
				t.Errorf("ByName(%q) = %d %v", n, oid, ok)
			}
		}
	}
}

func TestTypmodsAgainstPostgres(t *testing.T) {
	conn := pgoracle.Start(t)
	ctx := context.Background()
	for sql, c := range map[string]struct {
		oid  sqltype.OID
		args []int64
	}{
		"varchar(10)": {sqltype.Varchar, []int64{10}}, "char(3)": {sqltype.BPChar, []int64{3}}, "numeric(10)": {sqltype.Numeric, []int64{10}},
		"numeric(10,2)": {sqltype.Numeric, []int64{10, 2}}, "numeric(3,-2)": {sqltype.Numeric, []int64{3, -2}}, "timestamp(3)": {sqltype.Timestamp, []int64{3}},
		"timestamptz(0)": {sqltype.Timestamptz, []int64{0}}, "time(6)": {sqltype.Time, []int64{6}}, "interval(3)": {sqltype.Interval, []int64{0x7fff, 3}},
		"interval day to second(2)": {sqltype.Interval, []int64{1<<3 | 1<<10 | 1<<11 | 1<<12, 2}}, "interval year": {sqltype.Interval, []int64{1 << 2}},
	} {
		if _, err := conn.Exec(ctx, "CREATE TEMP TABLE t (c "+sql+")"); err != nil {
			t.Fatal(err)
		}
		var mod int32
		var shown string
		if err := conn.QueryRow(ctx, "SELECT atttypmod, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'c'").Scan(&mod, &shown); err != nil {
			t.Fatal(err)
		}
		got, err := sqltype.ModOf(c.oid, c.args)
		if err != nil || got != mod {
			t.Errorf("%s: typmod %d %v, want %d", sql, got, err, mod)
		}
		if name := sqltype.TypeName(sqltype.Type{OID: c.oid, Mod: mod}); name != shown {
			t.Errorf("%s: %q, want %q", sql, name, shown)
		}
		if _, err := conn.Exec(ctx, "DROP TABLE t"); err != nil {
			t.Fatal(err)
		}
	}
}
