package kernel

import (
	"errors"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// Functions of sequences. The session has them; what runs for ever has none.
func init() {
	kernels(map[string]Kernel{
		"nextval_oid":  nextval(byOIDOf),
		"nextval_text": nextval(byNameOf),
		"currval_oid":  fn1c(func(c *Call, id int32) (int64, Err) { return current(c, plan.RelationID(uint32(id))) }),
		"currval_text": fn1c(func(c *Call, name string) (int64, Err) {
			id, err := find(c, name)
			if err != nil {
				return 0, err
			}
			return current(c, id)
		}),
		"setval_oid":  fn2c(func(c *Call, id int32, v int64) (int64, Err) { return setval(c, plan.RelationID(uint32(id)), v, true) }),
		"setval_text": fn2c(func(c *Call, name string, v int64) (int64, Err) { return setvalNamed(c, name, v, true) }),
		"setval3_oid": fn3c(func(c *Call, id int32, v int64, given bool) (int64, Err) {
			return setval(c, plan.RelationID(uint32(id)), v, given)
		}),
		"setval3_text": fn3c(func(c *Call, name string, v int64, given bool) (int64, Err) {
			return setvalNamed(c, name, v, given)
		}),
		"sequence_position": fn1c(func(c *Call, id int32) (int64, Err) {
			v, _, err := positionOf(c, id)
			return v, err
		}),
		"pg_sequence_last_value": fn1c(func(c *Call, id int32) (int64, Err) {
			v, given, err := positionOf(c, id)
			if err == nil {
				err = nullUnless(given)
			}
			return v, err
		}),
		"lastval": fn0c(func(c *Call) (int64, Err) {
			s, err := sequencesOf(c)
			if err != nil {
				return 0, err
			}
			v, e := s.Last()
			return v, userErr(e)
		}),
		"pg_get_serial_sequence": fn2c(func(c *Call, table, column string) (string, Err) {
			s, err := sequencesOf(c)
			if err != nil {
				return "", err
			}
			name, e := s.Serial(table, column)
			if e == nil && name == "" {
				return "", errNull
			}
			return name, userErr(e)
		}),
	})
}

func positionOf(c *Call, id int32) (last int64, given bool, err Err) {
	s, err := sequencesOf(c)
	if err != nil {
		return 0, false, err
	}
	last, given, e := s.Position(plan.RelationID(uint32(id)))
	return last, given, userErr(e)
}

func sequencesOf(c *Call) (plan.Sequences, Err) {
	if s := c.Env.Settings.Session; s != nil && s.Sequences != nil {
		return s.Sequences, nil
	}
	return nil, sqlerr.New(sqlerr.FeatureNotSupported, "a sequence has no value here")
}

// userErr makes an error a row's.
func userErr(err error) Err {
	var e *sqlerr.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	}
	failed := sqlerr.New(sqlerr.InternalError, "a sequence could not be written")
	failed.Cause = err
	return failed
}

func find(c *Call, name string) (plan.RelationID, Err) {
	s, err := sequencesOf(c)
	if err != nil {
		return 0, err
	}
	id, e := s.Find(name)
	return id, userErr(e)
}

func current(c *Call, id plan.RelationID) (int64, Err) {
	s, err := sequencesOf(c)
	if err != nil {
		return 0, err
	}
	v, e := s.Current(id)
	return v, userErr(e)
}

func setval(c *Call, id plan.RelationID, v int64, given bool) (int64, Err) {
	s, err := sequencesOf(c)
	if err != nil {
		return 0, err
	}
	return v, userErr(s.Set(id, v, given))
}

func setvalNamed(c *Call, name string, v int64, given bool) (int64, Err) {
	id, err := find(c, name)
	if err != nil {
		return 0, err
	}
	return setval(c, id, v, given)
}

// byOIDOf and byNameOf read which sequence row i of an argument means.
func byOIDOf(c *Call) func(i int32) (plan.RelationID, Err) {
	load := kindOf[int32]().load(c.Args[0])
	return func(i int32) (plan.RelationID, Err) { return plan.RelationID(uint32(load(i))), nil }
}

func byNameOf(c *Call) func(i int32) (plan.RelationID, Err) {
	load := kindOf[string]().load(c.Args[0])
	return func(i int32) (plan.RelationID, Err) { return find(c, load(i)) }
}

// nextval asks for the values of all rows of one sequence together.
func nextval(of func(c *Call) func(i int32) (plan.RelationID, Err)) Kernel {
	return func(c *Call) {
		id, put := of(c), kindOf[int64]().store(c)
		s, err := sequencesOf(c)
		var ahead []int64
		var whose plan.RelationID
		for k, i := range c.Sel {
			if c.stopped() {
				return
			}
			var now plan.RelationID
			if err == nil {
				now, err = id(i)
			}
			if err == nil && (len(ahead) == 0 || now != whose) {
				n := 1
				if c.Args[0].Const {
					n = len(c.Sel) - k
				}
				var e error
				ahead, e = s.Next(now, n)
				whose, err = now, userErr(e)
			}
			if err != nil {
				c.finish(i, err)
				continue
			}
			put(i, ahead[0])
			ahead = ahead[1:]
		}
	}
}
