package kernel

import (
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
)

func init() {
	sets(map[string]SetKernel{"aclexplode": aclExplode})
}

// aclExplode gives a row for each privilege of each grant: grantor, grantee, privilege and whether it may be given on.
func aclExplode(c *Call, row int32) (Rows, Err) {
	x, err := catalogOf(c)
	if err != nil {
		return nil, err
	}
	a := arrayOf(c.Args[0], row)
	elems := elementsOf(c.Args[0].Type, &a)
	var out []acl.Exploded
	for i := range int32(elems.Len) {
		item, e := acl.ParseItem(string(elems.Bytes(i)), func(name string) (uint32, bool) { return roleOfItem(x, name) })
		if e == nil {
			out = append(out, item.Explode()...)
		}
	}
	at := 0
	return func(to []*delta.Builder, limit int) (int, Err) {
		n := min(limit, len(out)-at)
		for _, e := range out[at : at+n] {
			delta.Append(to[0], int32(e.Grantor))
			delta.Append(to[1], int32(e.Grantee))
			to[2].AppendString(e.Word)
			to[3].AppendBool(e.Option)
		}
		at += n
		return n, nil
	}, nil
}

// roleOfItem is a role as an aclitem names it: one that is gone by its OID.
func roleOfItem(x plan.Catalog, name string) (uint32, bool) {
	if oid, ok := x.RoleNamed(strings.Clone(name)); ok {
		return oid, true
	}
	n, err := strconv.ParseUint(name, 10, 32)
	return uint32(n), err == nil
}
