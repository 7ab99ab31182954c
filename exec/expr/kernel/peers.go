package kernel

import (
	"math"
	"time"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/planner/plan"
)

// Functions of other sessions, and of the time that one lets pass.
func init() {
	kernels(map[string]Kernel{
		"pg_sleep": fn1c(func(c *Call, seconds float64) (string, Err) { return "", sleep(c, seconds*1e6) }),
		"pg_cancel_backend": fn1c(func(c *Call, pid int32) (bool, Err) {
			return withPeers(c, func(p plan.Peers) (bool, error) { return p.Cancel(pid) })
		}),
		"pg_terminate_backend": fn2c(func(c *Call, pid int32, millis int64) (bool, Err) {
			if millis < 0 {
				return false, sqlerr.New(sqlerr.NumericValueOutOfRange, `"timeout" must not be negative`)
			}
			wait := time.Duration(min(millis, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond
			return withPeers(c, func(p plan.Peers) (bool, error) { return p.Terminate(c.Env.Meter.Context(), pid, wait) })
		}),
		"pg_notify": func(c *Call) { // which is not strict
			put := kindOf[string]().store(c)
			text := func(arg int, row int32) string {
				if c.Args[arg].Null(row) {
					return ""
				}
				return string(c.Args[arg].Bytes(row))
			}
			for _, i := range c.Sel {
				_, err := withPeers(c, func(p plan.Peers) (struct{}, error) { return struct{}{}, p.Notify(text(0, i), text(1, i)) })
				if err != nil {
					c.finish(i, err)
					continue
				}
				put(i, "")
			}
		},
		"pg_notification_queue_usage": fn0c(func(c *Call) (float64, Err) {
			return withPeers(c, func(p plan.Peers) (float64, error) { return p.NotesUsed(), nil })
		}),
		"pg_stat_get_tuples_inserted": tableCount(func(t plan.TableCounts) int64 { return t.Inserted }),
		"pg_stat_get_tuples_updated":  tableCount(func(t plan.TableCounts) int64 { return t.Updated }),
		"pg_stat_get_tuples_deleted":  tableCount(func(t plan.TableCounts) int64 { return t.Deleted }),
		"pg_stat_get_live_tuples":     tableCount(func(t plan.TableCounts) int64 { return t.Live }),
		"pg_stat_get_dead_tuples":     tableCount(func(plan.TableCounts) int64 { return 0 }),
		"pg_blocking_pids": arrayMaker(func(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
			pid := delta.Values[int32](c.Args[0])[c.Args[0].At(row)]
			pids, err := withPeers(c, func(p plan.Peers) ([]int32, error) { return p.Blocking(pid), nil })
			for _, p := range pids {
				delta.Append(elems, p)
			}
			return vectorDims(elems), err
		}),
	})
	sets(map[string]SetKernel{
		"pg_listening_channels": listed(sqltype.Text, func(c *Call, _ int32, values *delta.Builder) Err {
			channels, err := withPeers(c, func(p plan.Peers) ([]string, error) { return p.Listening(), nil })
			for _, ch := range channels {
				values.AppendString(ch)
			}
			return err
		}),
	})
	kernelsOf(map[uint32]Kernel{
		3935: fn1c(func(c *Call, d interval) (string, Err) { // pg_sleep_for
			now, err := wallClock(c)
			if err != nil {
				return "", err
			}
			until, aerr := datetime.AddIntervalTZ(now, d, c.zone())
			if aerr != nil {
				return "", asErr(aerr)
			}
			return "", sleep(c, float64(until)-float64(now))
		}),
		3936: fn1c(func(c *Call, until int64) (string, Err) { // pg_sleep_until
			now, err := wallClock(c)
			if err != nil {
				return "", err
			}
			return "", sleep(c, float64(until)-float64(now))
		}),
	})
}

// sleep lets so many microseconds pass, none for less than that and for what is no number.
func sleep(c *Call, micros float64) Err {
	_, err := withPeers(c, func(p plan.Peers) (struct{}, error) {
		if !(micros > 0) {
			return struct{}{}, nil
		}
		d := time.Duration(math.MaxInt64)
		if micros < float64(math.MaxInt64/1000) {
			d = time.Duration(micros * 1000)
		}
		return struct{}{}, p.Sleep(c.Env.Meter.Context(), d)
	})
	return err
}

// withPeers asks the other sessions. What has ended this statement meanwhile, by itself maybe, is its error.
func withPeers[R any](c *Call, f func(p plan.Peers) (R, error)) (R, Err) {
	var none R
	s := c.Env.Settings.Session
	if s == nil || s.Peers == nil || c.Env.Meter.Context() == nil {
		return none, sqlerr.New(sqlerr.FeatureNotSupported, "there are no other sessions here")
	}
	v, err := f(s.Peers)
	if c.Env.Meter.Context().Err() != nil {
		c.Env.Meter.Attend()
		_ = c.stopped() // keeps the cause: it is the statement's error, not the row's
		return none, ErrStopped
	}
	return v, userErr(err)
}

// tableCount is a number of a table, 0 of what is none.
func tableCount(of func(plan.TableCounts) int64) Kernel {
	return fn1c(func(c *Call, oid int32) (int64, Err) {
		t, err := withPeers(c, func(p plan.Peers) (plan.TableCounts, error) { return p.TableCounts(uint32(oid)), nil })
		return of(t), err
	})
}
