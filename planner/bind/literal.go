package bind

import (
	"errors"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/planner/plan"
)

func unknownConst(text string) *plan.Const {
	return &plan.Const{T: sqltype.Of(sqltype.Unknown), Value: delta.ConstBytes(sqltype.Unknown, []byte(text), 1)}
}

func nullConst(t sqltype.Type) *plan.Const {
	return &plan.Const{T: t, Value: delta.NullColumn(t.OID, 1)}
}

func int4Const(v int32) *plan.Const {
	return &plan.Const{T: sqltype.Of(sqltype.Int4), Value: delta.Const(sqltype.Int4, v, 1)}
}

func int8Const(v int64) *plan.Const {
	return &plan.Const{T: sqltype.Of(sqltype.Int8), Value: delta.Const(sqltype.Int8, v, 1)}
}

func classConst(v catalog.OID) *plan.Const {
	return &plan.Const{T: sqltype.Of(sqltype.Regclass), Value: delta.Const(sqltype.Regclass, int32(v), 1)}
}

func oidOf(c *plan.Const) catalog.OID { return catalog.OID(uint32(delta.Values[int32](&c.Value)[0])) }

func boolConst(v bool) *plan.Const {
	var x uint8
	if v {
		x = 1
	}
	return &plan.Const{T: sqltype.Of(sqltype.Bool), Value: delta.Const(sqltype.Bool, x, 1)}
}

// coerceUnknown makes an untyped literal one of the target's by the type's text input. What
// is unknown but no literal goes through text input when it runs.
func (b *binder) coerceUnknown(e plan.Expr, target sqltype.Type, x coercion) (plan.Expr, error) {
	if over := sqltype.Plain(target); over.OID != target.OID { // a domain, or an array of domains
		out, err := b.coerceUnknown(e, over, x)
		if err != nil {
			return nil, err
		}
		return b.coerce(b.applyMod(out, over, x, b.where(e)), target, x, b.where(e))
	}
	c, ok := e.(*plan.Const)
	if !ok {
		if category(target.OID) == 'S' && target.OID != sqltype.Name {
			return b.at(&plan.Relabel{Arg: e, T: sqltype.Of(target.OID)}, b.where(e)), nil
		}
		return b.at(&plan.CoerceIO{Arg: e, T: sqltype.Of(target.OID), Pos: b.where(e)}, b.where(e)), nil
	}
	// why: only interval's input reads its modifier (INTERVAL '1' HOUR); for the others a
	// length coercion follows, which knows implicit from explicit.
	t := sqltype.Of(target.OID)
	if target.OID == sqltype.Interval {
		t.Mod = target.Mod
	}
	if c.Value.Null(0) {
		return b.at(nullConst(sqltype.Of(target.OID)), b.where(e)), nil
	}
	text := string(c.Value.Bytes(0))
	if b.opts.Continuous && clockWord(target.OID, text) {
		return nil, notInView("the value \"" + strings.TrimSpace(text) + "\" of type " + displayType(target.OID)).At(b.where(e))
	}
	if clock, err := b.clockLiteral(target.OID, text); clock != nil || err != nil {
		return clock, err
	}
	out, err := b.literal(t, text)
	if err != nil {
		return nil, located(err, b.where(e))
	}
	if namesThings(t.OID) {
		b.tell(told{at: b.where(e), name: text, value: out})
	}
	return b.at(out, b.where(e)), nil
}

// located gives err the place of what it speaks of, unless it has one.
func located(err error, pos int32) error {
	var e *sqlerr.Error
	if errors.As(err, &e) && e.Location == 0 && pos >= 0 {
		c := *e
		return c.At(pos)
	}
	return err
}

// literal reads text as the input function of t does.
func (b *binder) literal(t sqltype.Type, text string) (*plan.Const, error) {
	if err := b.committedLabel(t.OID, text); err != nil {
		return nil, err
	}
	bld := delta.NewBuilder(t.OID)
	if err := codec.AppendText(bld, t, []byte(text), b.env()); err != nil {
		return nil, err
	}
	return &plan.Const{T: t, Value: bld.Constant(1)}, nil
}

// committedLabel refuses a label that the transaction has added itself: values of it in indexes would stay if it were rolled back.
func (b *binder) committedLabel(t sqltype.OID, text string) error {
	e := sqltype.EnumOf(t)
	if e == nil {
		return nil
	}
	r, ok := b.cat.ByOID(catalog.OID(t))
	if _, known := e.Key([]byte(text)); known || !ok || r.UserType == nil || r.UserType.Label(text) < 0 {
		return nil
	}
	return sqlerr.New(sqlerr.UnsafeNewEnumValueUsage, "unsafe use of new value \"%s\" of enum type %s", text, t).
		WithHint("New enum values must be committed before they can be used.")
}

// env is what reading a literal depends on of the session's settings.
func (b *binder) env() *codec.Env {
	env := &codec.Env{Location: b.opts.Settings.Location, Names: pgcatalog.NewView(b.cat, b.opts.Settings.SearchPath)}
	env.DateStyle, _ = datetime.ReadDateStyle(b.opts.Settings.DateStyle, datetime.DateStyle{})
	env.IntervalStyle = datetime.ReadIntervalStyle(b.opts.Settings.IntervalStyle)
	return env
}
