package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// Bits of WindowDef.frameOptions (nodes/parsenodes.h).
const (
	frameNonDefault              = 0x00001
	frameRange                   = 0x00002
	frameRows                    = 0x00004
	frameGroups                  = 0x00008
	frameStartUnboundedPreceding = 0x00020
	frameEndUnboundedFollowing   = 0x00100
	frameStartCurrentRow         = 0x00200
	frameEndCurrentRow           = 0x00400
	frameStartPreceding          = 0x00800
	frameEndPreceding            = 0x01000
	frameStartFollowing          = 0x02000
	frameEndFollowing            = 0x04000
	frameExcludeCurrentRow       = 0x08000
	frameExcludeGroup            = 0x10000
	frameExcludeTies             = 0x20000
	frameAnyOffset               = frameStartPreceding | frameEndPreceding | frameStartFollowing | frameEndFollowing
)

// frame binds the frame clause of a window whose order is bound.
func (b *binder) frame(w *window, n *pg.WindowDef) error {
	o := n.FrameOptions
	if o&frameNonDefault == 0 {
		return nil
	}
	w.framed = true
	p := inRange
	switch {
	case o&frameRows != 0:
		w.frame.Mode, p = plan.FrameRows, inRows
	case o&frameGroups != 0:
		w.frame.Mode, p = plan.FrameGroups, inGroups
		if len(w.order) == 0 {
			return sqlerr.New(sqlerr.WindowingError, "GROUPS mode requires an ORDER BY clause").At(n.Location)
		}
	case o&frameAnyOffset != 0 && len(w.order) != 1:
		return sqlerr.New(sqlerr.WindowingError, "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column").At(n.Location)
	}
	switch {
	case o&frameExcludeCurrentRow != 0:
		w.frame.Exclude = plan.ExcludeCurrentRow
	case o&frameExcludeGroup != 0:
		w.frame.Exclude = plan.ExcludeGroup
	case o&frameExcludeTies != 0:
		w.frame.Exclude = plan.ExcludeTies
	}
	start, end := &w.frame.Start, &w.frame.End
	start.Kind = boundKind(o, frameStartUnboundedPreceding, frameStartPreceding, frameStartCurrentRow, frameStartFollowing, 0)
	end.Kind = boundKind(o, 0, frameEndPreceding, frameEndCurrentRow, frameEndFollowing, frameEndUnboundedFollowing)
	if err := b.frameOffset(w, start, n.StartOffset, p, "starting"); err != nil {
		return err
	}
	return b.frameOffset(w, end, n.EndOffset, p, "ending")
}

func boundKind(options int32, unboundedPreceding, preceding, current, following, unboundedFollowing int32) plan.BoundKind {
	for _, k := range []struct {
		bit  int32
		kind plan.BoundKind
	}{
		{unboundedPreceding, plan.BoundUnboundedPreceding}, {preceding, plan.BoundPreceding}, {current, plan.BoundCurrentRow},
		{following, plan.BoundFollowing}, {unboundedFollowing, plan.BoundUnboundedFollowing},
	} {
		if options&k.bit != 0 {
			return k.kind
		}
	}
	return plan.BoundDefault
}

// frameOffset binds the offset of an end of a frame, if it has one (transformFrameOffset).
func (b *binder) frameOffset(w *window, bound *plan.FrameBound, n *pg.Node, p place, word string) error {
	if n == nil {
		return nil
	}
	e, err := b.exprAt(n, p)
	if err != nil {
		return err
	}
	plan.Walk(e, func(e plan.Expr) bool {
		switch e.(type) {
		case *plan.Outer, *plan.Subquery:
			err = unsupported("a frame offset that is not a constant").At(b.where(e))
		}
		return err == nil
	})
	if err != nil {
		return err
	}
	if plan.HasColumns(e) || hasAggregate(e) {
		return sqlerr.New(sqlerr.InvalidColumnReference, "argument of %s must not contain variables", string(p[len("window "):])).At(b.where(e))
	}
	if w.frame.Mode == plan.FrameRange {
		err = b.rangeOffset(w, bound, e)
	} else {
		var out plan.Expr
		if out, err = b.coerceTo(e, sqltype.Of(sqltype.Int8), assignment, -1); err == nil && out == nil {
			err = sqlerr.New(sqlerr.DatatypeMismatch, "argument of %s must be type bigint, not type %s",
				string(p[len("window "):]), displayType(e.Type().OID)).At(b.where(e))
		}
		bound.Offset = out
	}
	if k, ok := e.(*plan.Const); err == nil && ok && b.opts.Continuous {
		err = checkOffset(k, word, b.where(e))
	}
	return err
}

// checkOffset refuses at CREATE what could never run.
func checkOffset(k *plan.Const, word string, pos int32) error {
	switch {
	case k.Value.Null(0):
		return sqlerr.New(sqlerr.NullValueNotAllowed, "frame %s offset must not be null", word).At(pos)
	case k.T.OID == sqltype.Int4 && delta.Values[int32](&k.Value)[0] < 0:
		return sqlerr.New(sqlerr.InvalidPrecedingOrFollowingSize, "frame %s offset must not be negative", word).At(pos)
	}
	return nil
}

// rangeTypes say, by the type of the key, of which type an offset is, and in which type the sum of
// both is compared: one that it cannot leave.
var rangeTypes = map[sqltype.OID]struct{ offset, sum sqltype.OID }{
	sqltype.Int2: {sqltype.Int8, sqltype.Numeric}, sqltype.Int4: {sqltype.Int8, sqltype.Numeric}, sqltype.Int8: {sqltype.Int8, sqltype.Numeric},
	sqltype.Float4: {sqltype.Float8, sqltype.Float8}, sqltype.Float8: {sqltype.Float8, sqltype.Float8},
	sqltype.Numeric: {sqltype.Numeric, sqltype.Numeric}, sqltype.Date: {sqltype.Interval, sqltype.Timestamp},
	sqltype.Timestamp: {sqltype.Interval, sqltype.Timestamp}, sqltype.Timestamptz: {sqltype.Interval, sqltype.Timestamptz},
	sqltype.Time: {sqltype.Interval, sqltype.Interval}, sqltype.Interval: {sqltype.Interval, sqltype.Interval},
}

// rangeOffset makes the value that a row's frame ends at: the row's key and the offset.
func (b *binder) rangeOffset(w *window, bound *plan.FrameBound, offset plan.Expr) error {
	key := w.order[0]
	types, ok := rangeTypes[key.Expr.Type().OID]
	if !ok {
		return sqlerr.New(sqlerr.FeatureNotSupported, "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s",
			displayType(key.Expr.Type().OID)).At(b.where(offset))
	}
	var err error
	if !canCoerce(offset.Type().OID, types.offset, implicit) {
		return sqlerr.New(sqlerr.FeatureNotSupported, "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s and offset type %s",
			displayType(key.Expr.Type().OID), displayType(offset.Type().OID)).At(b.where(offset)).
			WithHint("Cast the offset value to an appropriate type.")
	}
	if bound.Offset, err = b.coerce(offset, sqltype.Of(types.offset), implicit, -1); err != nil {
		return err
	}
	if bound.Key, err = b.coerceTo(key.Expr, sqltype.Of(types.sum), explicit, -1); err != nil {
		return err
	}
	by := bound.Offset
	if types.sum == sqltype.Numeric {
		if by, err = b.coerceTo(by, sqltype.Of(types.sum), explicit, -1); err != nil {
			return err
		}
	}
	op := "+"
	if (bound.Kind == plan.BoundPreceding) != key.Desc {
		op = "-"
	}
	bound.Limit, err = b.binary(op, bound.Key, by, b.where(offset))
	return err
}
