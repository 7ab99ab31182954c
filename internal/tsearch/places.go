package tsearch

import "slices"

// ordered are positions in order, each once.
func ordered(at []int) []int {
	slices.Sort(at)
	return slices.Compact(at)
}
