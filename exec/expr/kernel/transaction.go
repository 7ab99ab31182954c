package kernel

import (
	"strconv"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/xid"
)

// pg_lsn, xid, xid8 and snapshots as values. What asks for those of the server is not here: it has none.
func init() {
	compareNumbers[int64]("pg_lsn", longNames)
	compareNumbers[int64]("xid8", shortNames)
	bound := func(pick func(s *xid.Snapshot) uint64) Kernel {
		return fn1c(func(c *Call, v []byte) (int64, Err) { return c.transaction(pick(xid.Of(v))), nil })
	}
	kernels(map[string]Kernel{
		"pg_lsn_cmp": threeWay(cmpOrdered[int64]), "xid8cmp": threeWay(cmpOrdered[int64]),
		"pg_lsn_larger": fn2(func(a, b int64) int64 { return max(a, b) }), "pg_lsn_smaller": fn2(func(a, b int64) int64 { return min(a, b) }),
		"xid8_larger": fn2(func(a, b int64) int64 { return max(a, b) }), "xid8_smaller": fn2(func(a, b int64) int64 { return min(a, b) }),
		"pg_lsn_mi": fn2(lsnDistance), "pg_wal_lsn_diff": fn2(lsnDistance),
		"pg_lsn_pli":     fn2e(func(n int64, by decimal.Dec) (int64, Err) { return lsnMoved(n, by, "add NaN to", decimal.Add) }),
		"pg_lsn_mii":     fn2e(func(n int64, by decimal.Dec) (int64, Err) { return lsnMoved(n, by, "subtract NaN from", decimal.Sub) }),
		"numeric_pg_lsn": fn1e(lsnOf),

		"xideq": fn2(func(a, b int32) bool { return a == b }), "xidneq": fn2(func(a, b int32) bool { return a != b }),
		"xid8toxid": fn1(func(v int64) int32 { return int32(sqltype.Unsigned(v)) }),

		"pg_snapshot_xmin": bound(func(s *xid.Snapshot) uint64 { return s.Min }),
		"pg_snapshot_xmax": bound(func(s *xid.Snapshot) uint64 { return s.Max }),
		"pg_visible_in_snapshot": fn2c(func(c *Call, id int64, v []byte) (bool, Err) {
			n := uint64(id)
			if c.Args[0].Type == sqltype.XID8 {
				n = sqltype.Unsigned(id)
			}
			return xid.Of(v).Visible(n), nil
		}),
	})
	kernelsOf(map[uint32]Kernel{
		5023: fn2e(func(by decimal.Dec, n int64) (int64, Err) { return lsnMoved(n, by, "add NaN to", decimal.Add) }), // numeric + pg_lsn
	})
	sets(map[string]SetKernel{
		"pg_snapshot_xip": listed(sqltype.Int8, func(c *Call, row int32, values *delta.Builder) Err {
			for _, id := range xid.Of(c.Args[0].Bytes(row)).Running {
				delta.Append(values, c.transaction(id))
			}
			return nil
		}),
	})
}

// transaction is a number as a value of the call's type, xid8 or, in functions of txid_snapshot, bigint.
func (c *Call) transaction(id uint64) int64 {
	if c.Type.OID == sqltype.XID8 {
		return sqltype.FromUnsigned(id)
	}
	return int64(id)
}

func unsignedDec(n uint64) decimal.Dec {
	d, _ := decimal.Parse(strconv.AppendUint(nil, n, 10))
	return d
}

func lsnDistance(a, b int64) decimal.Dec {
	d, _ := decimal.Sub(unsignedDec(sqltype.Unsigned(a)), unsignedDec(sqltype.Unsigned(b)))
	return d
}

func lsnMoved(n int64, by decimal.Dec, what string, move func(a, b decimal.Dec) (decimal.Dec, error)) (int64, Err) {
	if by.Flag == decimal.NaN {
		return 0, sqlerr.New(sqlerr.FeatureNotSupported, "cannot %s pg_lsn", what)
	}
	d, err := move(unsignedDec(sqltype.Unsigned(n)), by)
	if err != nil {
		return 0, asErr(err)
	}
	return lsnOf(d)
}

// lsnOf is numeric_pg_lsn, which rounds.
func lsnOf(d decimal.Dec) (int64, Err) {
	switch {
	case d.Flag == decimal.NaN:
		return 0, sqlerr.New(sqlerr.FeatureNotSupported, "cannot convert NaN to pg_lsn")
	case d.IsInf():
		return 0, sqlerr.New(sqlerr.FeatureNotSupported, "cannot convert infinity to pg_lsn")
	}
	n, err := strconv.ParseUint(decimal.Round(d, 0).String(), 10, 64)
	if err != nil {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "pg_lsn out of range")
	}
	return sqltype.FromUnsigned(n), nil
}
