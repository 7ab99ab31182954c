package statistics

import (
	"slices"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
)

// How many common values and bounds are kept of a column.
const commonValues, boundCount = 32, 100

// describe tells of a column of total rows by a sample of its values.
func describe(c *delta.Column, total float64) *plan.ColumnStats {
	rows := make([]int32, 0, c.Len)
	for i := range int32(c.Len) {
		if !c.Null(i) {
			rows = append(rows, i)
		}
	}
	out := &plan.ColumnStats{Nulls: 1 - float64(len(rows))/float64(c.Len), Width: float64(len(c.Data)+len(c.Var)) / float64(c.Len)}
	if len(rows) == 0 {
		return out
	}
	slices.SortFunc(rows, func(a, b int32) int { return delta.CompareKey(c, a, c, b) })
	groups := groupsOf(c, rows)
	out.Distinct = distinct(groups, len(rows), total*(1-out.Nulls))
	common(out, c, groups, c.Len)
	out.Bounds = bounds(c, rows)
	return out
}

// group is rows of one value.
type group struct {
	row   int32
	count int
}

func groupsOf(c *delta.Column, sorted []int32) (out []group) {
	for i, row := range sorted {
		if i > 0 && delta.EqualKey(c, row, c, out[len(out)-1].row) {
			out[len(out)-1].count++
			continue
		}
		out = append(out, group{row, 1})
	}
	return out
}

// distinct is how many values total rows have, of which n were seen.
func distinct(groups []group, n int, total float64) float64 {
	d, once := float64(len(groups)), 0.0
	for _, g := range groups {
		if g.count == 1 {
			once++
		}
	}
	seen := float64(n)
	switch {
	case seen >= total || once == 0:
		return d
	case once == seen:
		return total
	}
	return min(max(seen*d/(seen-once+once*seen/total), d), total)
}

// common notes the values that clearly more rows have than the others do.
func common(out *plan.ColumnStats, c *delta.Column, groups []group, n int) {
	average := float64(n) / out.Distinct
	groups = slices.Clone(groups)
	slices.SortStableFunc(groups, func(a, b group) int { return b.count - a.count })
	for _, g := range groups[:min(commonValues, len(groups))] {
		if g.count < 2 || len(groups) > commonValues && float64(g.count) < 1.25*average {
			break
		}
		out.Common = append(out.Common, delta.Copy(c, []int32{g.row}))
		out.CommonShares = append(out.CommonShares, float64(g.count)/float64(n))
	}
}

// bounds are the values at equal distances among the sorted rows, as places on a line.
func bounds(c *delta.Column, sorted []int32) []float64 {
	if _, ok := plan.Place(c, sorted[0]); !ok {
		return nil
	}
	n := min(boundCount, len(sorted)-1)
	out := make([]float64, 0, n+1)
	for i := range n + 1 {
		row := sorted[0]
		if n > 0 {
			row = sorted[i*(len(sorted)-1)/n]
		}
		v, _ := plan.Place(c, row)
		out = append(out, v)
	}
	return out
}
