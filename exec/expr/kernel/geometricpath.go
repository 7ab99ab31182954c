package kernel

// Paths and polygons.
func init() {
	kernels(map[string]Kernel{
		"path_area": geo1(calc.PathArea), "path_length": geo1(calc.PathLength), "path_npoints": geo1(calc.PathPoints),
		"path_isclosed": geo1(calc.PathIsClosed), "path_isopen": geo1(calc.PathIsOpen), "path_close": geo1(calc.PathClose), "path_open": geo1(calc.PathOpen),
		"path_n_eq": geo2(calc.PathEq), "path_n_lt": geo2(calc.PathLt), "path_n_le": geo2(calc.PathLe), "path_n_gt": geo2(calc.PathGt), "path_n_ge": geo2(calc.PathGe),
		"path_inter": geo2(calc.PathsMeet), "path_distance": geo2(calc.PathDistance), "path_add": geo2(calc.PathAdd),
		"path_add_pt": geo2(calc.PathMove), "path_sub_pt": geo2(calc.PathMoveBack), "path_mul_pt": geo2(calc.PathMul), "path_div_pt": geo2(calc.PathDiv),
		"path_poly": geo1(calc.PathPolygon), "on_ppath": geo2(calc.PathHas),
		"dist_ppath": geo2(calc.PathDistanceFrom), "dist_pathp": turned(calc.PathDistanceFrom),

		"poly_npoints": geo1(calc.PolygonPoints), "poly_center": geo1(calc.PolygonCenter), "poly_box": geo1(calc.PolygonBox),
		"poly_circle": geo1(calc.PolygonCircle), "poly_path": geo1(calc.PolygonPath), "poly_same": geo2(calc.PolygonSame),
		"poly_overlap": geo2(calc.PolygonOverlaps), "poly_contain": geo2(calc.PolygonContains), "poly_contained": geo2(calc.PolygonContained),
		"poly_left": geo2(calc.PolygonLeft), "poly_overleft": geo2(calc.PolygonOverLeft),
		"poly_right": geo2(calc.PolygonRight), "poly_overright": geo2(calc.PolygonOverRight),
		"poly_below": geo2(calc.PolygonBelow), "poly_overbelow": geo2(calc.PolygonOverBelow),
		"poly_above": geo2(calc.PolygonAbove), "poly_overabove": geo2(calc.PolygonOverAbove),
		"poly_contain_pt": geo2(calc.PolygonHas), "pt_contained_poly": geo2(calc.InPolygon), "poly_distance": geo2(calc.PolygonDistance),
		"dist_ppoly": geo2(calc.PolygonDistanceFrom), "dist_polyp": turned(calc.PolygonDistanceFrom),
	})
	kernelsOf(map[uint32]Kernel{
		1426: turned(calc.PathHas),       // path_contain_pt
		1544: geo1(calc.CirclePolygon12), // polygon(circle)
	})
}
