package op

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/state"
)

// looks leaves out rows of a batch whose key looks as one before it of the same group does. A one-shot run takes
// nothing back: of the images of a group it is enough to have each once. Which rows are compared depends on their places
// alone; what is not left out costs, and changes nothing.
type looks struct {
	rows [lookPlaces]int32 // row + 1, 0 = none yet
	slot [lookPlaces]state.Slot
	sel  []int32
}

const lookPlaces = 256

// of is the rows of sel that may look new; slots are their groups.
func (l *looks) of(keys []delta.Column, sel []int32, slots []state.Slot) []int32 {
	clear(l.rows[:])
	l.sel = none(l.sel)
rows:
	for i, row := range sel {
		place := slots[i] % lookPlaces
		if before := l.rows[place]; before != 0 && l.slot[place] == slots[i] {
			for k := range keys {
				if !delta.EqualImage(&keys[k], before-1, &keys[k], row) {
					l.rows[place] = row + 1
					l.sel = append(l.sel, row)
					continue rows
				}
			}
			continue
		}
		l.rows[place], l.slot[place] = row+1, slots[i]
		l.sel = append(l.sel, row)
	}
	return l.sel
}
