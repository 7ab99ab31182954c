package plan

import (
	"slices"

	"github.com/tributary-db/tributary/internal/acl"
)

// Need is what a statement needs of a relation (docs/decisions/0066). Who runs it looks whether it may before it runs.
type Need struct {
	Relation RelationID
	// As is the role whose privileges count, the owner of the view that the relation is read through; 0 = who runs it.
	As uint32
	// Privs are privileges on the relation; of SELECT, INSERT and UPDATE those on the columns named do as well, and where none is
	// named that on any.
	Privs acl.Privs
	// Selected, Inserted and Updated are positions of columns; -1 = something of the row that is no column.
	Selected, Inserted, Updated []int
}

// Adds notes columns for a privilege.
func (n *Need) Adds(p acl.Privs, columns ...int) {
	n.Privs |= p
	to := &n.Selected
	switch p {
	case acl.Insert:
		to = &n.Inserted
	case acl.Update:
		to = &n.Updated
	}
	for _, c := range columns {
		if !slices.Contains(*to, c) {
			*to = append(*to, c)
		}
	}
}
