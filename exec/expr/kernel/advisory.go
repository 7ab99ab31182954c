package kernel

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// Functions of advisory locks, by one number and by two.
func init() {
	for _, tx := range []bool{false, true} {
		for _, shared := range []bool{false, true} {
			name := "advisory_"
			if tx {
				name += "xact_"
			}
			name += "lock_"
			if shared {
				name += "shared_"
			}
			mode := plan.LockMode{Shared: shared, Tx: tx}
			kernels(map[string]Kernel{
				"pg_" + name + "int8": takeLock(mode), "pg_" + name + "int4": takeLock(mode),
				"pg_try_" + name + "int8": tryLock(mode), "pg_try_" + name + "int4": tryLock(mode),
			})
		}
	}
	kernels(map[string]Kernel{
		"pg_advisory_unlock_int8": unlock(false), "pg_advisory_unlock_int4": unlock(false),
		"pg_advisory_unlock_shared_int8": unlock(true), "pg_advisory_unlock_shared_int4": unlock(true),
		"pg_advisory_unlock_all": func(c *Call) {
			put := kindOf[string]().store(c)
			for _, i := range c.Sel {
				if err := withLocks(c, func(l plan.Locks) Err { l.UnlockAll(); return nil }); err != nil {
					c.finish(i, err)
					continue
				}
				put(i, "")
			}
		},
	})
}

// lockKey is the lock that a row names.
func lockKey(c *Call, row int32) (key plan.LockKey) {
	if len(c.Args) == 1 {
		return plan.LockKey{Number: sqltype.Values[int64](&c.Args[0].Vec)[c.Args[0].At(row)]}
	}
	high, low := sqltype.Values[int32](&c.Args[0].Vec)[c.Args[0].At(row)], sqltype.Values[int32](&c.Args[1].Vec)[c.Args[1].At(row)]
	return plan.LockKey{Two: true, Number: int64(high)<<32 | int64(uint32(low))}
}

func withLocks(c *Call, f func(l plan.Locks) Err) Err {
	if s := c.Env.Settings.Session; s != nil && s.Locks != nil && c.Env.Meter.Context() != nil {
		return f(s.Locks)
	}
	return sqlerr.New(sqlerr.FeatureNotSupported, "there are no advisory locks here")
}

func takeLock(mode plan.LockMode) Kernel {
	return func(c *Call) {
		put := kindOf[string]().store(c)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			err := withLocks(c, func(l plan.Locks) Err {
				e := l.Lock(c.Env.Meter.Context(), lockKey(c, i), mode)
				if e != nil && c.stopped() {
					return ErrStopped
				}
				return userErr(e)
			})
			if err != nil {
				c.finish(i, err)
				continue
			}
			put(i, "")
		}
	}
}

func tryLock(mode plan.LockMode) Kernel {
	return func(c *Call) {
		put := kindOf[bool]().store(c)
		for _, i := range c.Sel {
			err := withLocks(c, func(l plan.Locks) Err {
				got, e := l.Try(lockKey(c, i), mode)
				put(i, got)
				return userErr(e)
			})
			if err != nil {
				c.finish(i, err)
			}
		}
	}
}

func unlock(shared bool) Kernel {
	return func(c *Call) {
		put := kindOf[bool]().store(c)
		for _, i := range c.Sel {
			err := withLocks(c, func(l plan.Locks) Err {
				put(i, l.Unlock(lockKey(c, i), shared))
				return nil
			})
			if err != nil {
				c.finish(i, err)
			}
		}
	}
}
