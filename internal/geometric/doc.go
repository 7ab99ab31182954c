// Package geometric is PostgreSQL's geometric types: points, lines, segments, boxes, paths, polygons and circles.
//
//	'((0,0),(1,1))' ─► Parse… ─► Point, Box, … ─► functions of a Calc ─► Point, float64, bool ─► Append…Text
//	                              ▲      │
//	                              └──────┴── Decode, AppendTo: float8s in network byte order, as PostgreSQL sends them
//
// Vocabulary: a Calc does the arithmetic of one function. It remembers the first error (a result out of range, a division by zero), that the
// result is NULL, and it can be stopped: functions of two polygons look at each edge of one against each of the other.
//
// Pure. Every formula goes through the steps of PostgreSQL 15's in their order, so that results are equal to the last bit.
//
// Non-obvious:
//   - Comparisons are fuzzy: numbers that differ by no more than epsilon are equal. Those of polygons' bounding boxes, and whether
//     a box has a point, are exact.
//   - = of boxes and circles compares areas, of paths the numbers of points. None of the types has an order or a hash.
//   - NaN is equal to itself and above all numbers where values are picked, as in the btree order of float8.
package geometric
