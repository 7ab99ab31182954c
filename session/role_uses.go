package session

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// roleUse is something that keeps a role from being dropped.
type roleUse struct {
	object catalog.OID
	what   string
}

// usesOfRole are what a role owns, and the grants that name it, in the order in which PostgreSQL tells of them.
func (s *Session) usesOfRole(role catalog.OID) (out []roleUse) {
	at := s.catalog()
	add := func(rel *catalog.Relation, format, what string) {
		out = append(out, roleUse{rel.OID, fmt.Sprintf(format, what)})
	}
	for _, rel := range at.Objects() {
		what := s.describedObject(rel)
		if rel.Kind == catalog.KindRole {
			for _, d := range rel.Role.Defaults {
				if rel.OID == role || d.ACL.Names(uint32(role)) {
					add(rel, "privileges for %s", "default privileges on new objects belonging to role "+rel.Name)
				}
			}
			continue
		}
		if (rel.Parent == 0 || rel.Kind == catalog.KindSequence) && at.OwnerOf(rel) == role {
			add(rel, "owner of %s", what)
		}
		if rel.ACL != nil && at.OwnerOf(rel) != role && rel.ACL.Names(uint32(role)) {
			add(rel, "privileges for %s", what)
		}
		if rel.Kind == catalog.KindPolicy && slices.Contains(rel.Policy.Roles, role) {
			add(rel, "target of %s", what)
		}
		for i := range rel.Columns {
			if c := &rel.Columns[i]; at.OwnerOf(rel) != role && c.ACL.Names(uint32(role)) {
				add(rel, "privileges for %s", "column "+c.Name+" of "+what)
			}
		}
		for id, said := range rel.TopicAccess {
			topic := s.topicByHex(id)
			if topic == "" {
				continue // it is gone, and what is said of it goes with the next word about topics
			}
			if said.Owner == role {
				add(rel, "owner of %s", "topic "+topic)
			} else if said.ACL != nil && said.ACL.Names(uint32(role)) {
				add(rel, "privileges for %s", "topic "+topic)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b roleUse) int { return cmp.Compare(a.object, b.object) })
	return out
}

func (s *Session) describedObject(rel *catalog.Relation) string {
	switch rel.Kind {
	case catalog.KindSchema:
		return "schema " + rel.Name
	case catalog.KindDatabase:
		return "database " + s.database
	}
	return kindWord(rel.Kind) + " " + s.shownName(rel)
}

// topicByHex is the name of a topic whose ID is given in hex digits, "" = it is gone.
func (s *Session) topicByHex(id string) string {
	for _, t := range s.db.Log.Topics() {
		if fmt.Sprintf("%x", t.ID) == id {
			return t.Name
		}
	}
	return ""
}

// mayGo refuses to drop a role that something needs.
func (s *Session) mayGo(role *catalog.Relation) error {
	uses := s.usesOfRole(role.OID)
	if len(uses) == 0 {
		return nil
	}
	lines := make([]string, len(uses))
	for i, u := range uses {
		lines[i] = u.what
	}
	return sqlerr.New(sqlerr.DependentObjectsStillExist, "role \"%s\" cannot be dropped because some objects depend on it", role.Name).
		WithDetail("%s", strings.Join(lines, "\n"))
}
