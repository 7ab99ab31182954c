package kernel

import "github.com/tributary-db/tributary/internal/geometric"

// Boxes and circles.
func init() {
	kernels(map[string]Kernel{
		"points_box": geo2(calc.NewBox), "box_width": geo1(calc.BoxWidth), "box_height": geo1(calc.BoxHeight), "box_area": geo1(calc.BoxArea),
		"box_center": geo1(calc.BoxCenter), "box_diagonal": geo1(calc.BoxDiagonal), "box_circle": geo1(calc.BoxCircle), "box_poly": geo1(calc.BoxPolygon),
		"box_same": geo2(calc.BoxSame), "box_eq": geo2(calc.BoxEq), "box_lt": geo2(calc.BoxLt), "box_le": geo2(calc.BoxLe),
		"box_gt": geo2(calc.BoxGt), "box_ge": geo2(calc.BoxGe),
		"box_overlap": geo2(calc.BoxOverlaps), "box_contain": geo2(calc.BoxContains), "box_contained": geo2(calc.BoxContained),
		"box_left": geo2(calc.BoxLeft), "box_overleft": geo2(calc.BoxOverLeft), "box_right": geo2(calc.BoxRight), "box_overright": geo2(calc.BoxOverRight),
		"box_below": geo2(calc.BoxBelow), "box_overbelow": geo2(calc.BoxOverBelow), "box_above": geo2(calc.BoxAbove), "box_overabove": geo2(calc.BoxOverAbove),
		"box_below_eq": geo2(calc.BoxBelowEq), "box_above_eq": geo2(calc.BoxAboveEq),
		"box_add": geo2(calc.BoxAdd), "box_sub": geo2(calc.BoxSub), "box_mul": geo2(calc.BoxMul), "box_div": geo2(calc.BoxDiv),
		"box_distance": geo2(calc.BoxDistance), "box_intersect": geo2(calc.BoxIntersection), "boxes_bound_box": geo2(calc.BoxAround),
		"box_contain_pt": geo2(calc.BoxHas), "on_pb": geo2(calc.OnBox), "on_sb": geo2(calc.LsegInBox),
		"inter_sb": geo2(calc.LsegMeetsBox), "inter_lb": geo2(calc.LineMeetsBox),
		"close_pb": geo2(calc.NearestOnBox), "close_sb": geo2(calc.NearestOnBoxToLseg),
		"dist_pb": geo2(calc.BoxDistanceFrom), "dist_bp": turned(calc.BoxDistanceFrom),
		"dist_sb": geo2(calc.LsegBoxDistance), "dist_bs": turned(calc.LsegBoxDistance),

		"cr_circle": geo2(calc.NewCircle), "circle_area": geo1(calc.CircleArea), "circle_diameter": geo1(calc.CircleDiameter),
		"circle_radius": geo1(calc.CircleRadius), "circle_center": geo1(calc.CircleCenter), "circle_box": geo1(calc.CircleBox),
		"circle_poly": fn2c((*Call).circlePolygon), "circle_same": geo2(calc.CircleSame),
		"circle_eq": geo2(calc.CircleEq), "circle_ne": geo2(calc.CircleNe), "circle_lt": geo2(calc.CircleLt), "circle_le": geo2(calc.CircleLe),
		"circle_gt": geo2(calc.CircleGt), "circle_ge": geo2(calc.CircleGe),
		"circle_overlap": geo2(calc.CircleOverlaps), "circle_contain": geo2(calc.CircleContains), "circle_contained": geo2(calc.CircleContained),
		"circle_left": geo2(calc.CircleLeft), "circle_overleft": geo2(calc.CircleOverLeft),
		"circle_right": geo2(calc.CircleRight), "circle_overright": geo2(calc.CircleOverRight),
		"circle_below": geo2(calc.CircleBelow), "circle_overbelow": geo2(calc.CircleOverBelow),
		"circle_above": geo2(calc.CircleAbove), "circle_overabove": geo2(calc.CircleOverAbove),
		"circle_add_pt": geo2(calc.CircleAdd), "circle_sub_pt": geo2(calc.CircleSub), "circle_mul_pt": geo2(calc.CircleMul), "circle_div_pt": geo2(calc.CircleDiv),
		"circle_distance": geo2(calc.CircleDistance), "circle_contain_pt": geo2(calc.CircleHas), "pt_contained_circle": geo2(calc.InCircle),
		"dist_pc": geo2(calc.CircleDistanceFrom), "dist_cpoint": turned(calc.CircleDistanceFrom),
		"dist_cpoly": geo2(calc.CirclePolygonDistance), "dist_polyc": turned(calc.CirclePolygonDistance),
	})
}

// manyPoints is how many points of a polygon are asked for before there is memory for them.
const manyPoints = 4096

func (c *Call) circlePolygon(n int32, circle geometric.Circle) (geometric.Polygon, Err) {
	if n > manyPoints && n < 1<<26 { // more are refused
		if err := c.Scratch(2 * 16 * int(n)); err != nil {
			return geometric.Polygon{}, err
		}
	}
	g := c.geometry()
	p := g.CirclePolygon(n, circle)
	return p, told(&g)
}
