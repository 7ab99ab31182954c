package kernel

import "github.com/tributary-db/tributary/internal/geometric"

// calc is a function of package geometric.
type calc = *geometric.Calc

func (c *Call) geometry() geometric.Calc { return geometric.Calc{Pause: c.breathe} }

// told is what a calculation says besides its result.
func told(g calc) Err {
	if g.Err == nil && g.Null {
		return errNull
	}
	return g.Err
}

func geo1[A, R any](f func(calc, A) R) Kernel {
	return fn1c(func(c *Call, a A) (R, Err) {
		g := c.geometry()
		r := f(&g, a)
		return r, told(&g)
	})
}

func geo2[A, B, R any](f func(calc, A, B) R) Kernel {
	return fn2c(func(c *Call, a A, b B) (R, Err) {
		g := c.geometry()
		r := f(&g, a, b)
		return r, told(&g)
	})
}

// turned has its arguments the other way round.
func turned[A, B, R any](f func(calc, A, B) R) Kernel {
	return geo2(func(g calc, b B, a A) R { return f(g, a, b) })
}

// Points, lines and segments.
func init() {
	kernels(map[string]Kernel{
		"construct_point": geo2(calc.NewPoint),
		"point_eq":        geo2(calc.PointEq), "point_ne": geo2(calc.PointNe),
		"point_left": geo2(calc.PointLeft), "point_right": geo2(calc.PointRight),
		"point_above": geo2(calc.PointAbove), "point_below": geo2(calc.PointBelow),
		"point_vert": geo2(calc.PointVertical), "point_horiz": geo2(calc.PointHorizontal),
		"point_add": geo2(calc.PointAdd), "point_sub": geo2(calc.PointSub), "point_mul": geo2(calc.PointMul), "point_div": geo2(calc.PointDiv),
		"point_distance": geo2(calc.Distance), "point_slope": geo2(calc.Slope), "point_box": geo1(calc.BoxOfPoint),

		"line_construct_pp": geo2(calc.NewLine), "line_eq": geo2(calc.LineEq),
		"line_vertical": geo1(calc.LineVertical), "line_horizontal": geo1(calc.LineHorizontal),
		"line_parallel": geo2(calc.LineParallel), "line_perp": geo2(calc.LinePerp), "line_intersect": geo2(calc.LinesMeet),
		"line_interpt": geo2(calc.LineCrossing), "line_distance": geo2(calc.LineDistance),
		"on_pl": geo2(calc.LineHas), "close_pl": geo2(calc.NearestOnLine),
		"dist_pl": geo2(calc.LineDistanceFrom), "dist_lp": turned(calc.LineDistanceFrom),

		"lseg_construct": geo2(calc.NewLseg), "lseg_length": geo1(calc.LsegLength), "lseg_center": geo1(calc.LsegCenter),
		"lseg_parallel": geo2(calc.LsegParallel), "lseg_perp": geo2(calc.LsegPerp),
		"lseg_vertical": geo1(calc.LsegVertical), "lseg_horizontal": geo1(calc.LsegHorizontal),
		"lseg_eq": geo2(calc.LsegEq), "lseg_ne": geo2(calc.LsegNe), "lseg_lt": geo2(calc.LsegLt), "lseg_le": geo2(calc.LsegLe),
		"lseg_gt": geo2(calc.LsegGt), "lseg_ge": geo2(calc.LsegGe),
		"lseg_intersect": geo2(calc.LsegsMeet), "lseg_interpt": geo2(calc.LsegCrossing), "lseg_distance": geo2(calc.LsegDistance),
		"on_ps": geo2(calc.LsegHas), "on_sl": geo2(calc.LsegOnLine), "inter_sl": geo2(calc.LsegMeetsLine),
		"close_ps": geo2(calc.NearestOnLseg), "close_lseg": geo2(calc.NearestLseg), "close_ls": geo2(calc.NearestToLine),
		"dist_ps": geo2(calc.LsegDistanceFrom), "dist_sp": turned(calc.LsegDistanceFrom),
		"dist_sl": geo2(calc.LsegLineDistance), "dist_ls": turned(calc.LsegLineDistance),
	})
}
