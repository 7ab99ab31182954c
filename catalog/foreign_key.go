package catalog

import "slices"

// ForeignKey is a FOREIGN KEY of a table: rows whose Columns have no NULL have a row of References with the same Key.
type ForeignKey struct {
	// OID comes from the counter of relations.
	OID     OID    `json:"oid"`
	Name    string `json:"name"`
	Comment string `json:"comment,omitempty"`
	Columns []int  `json:"columns"`
	// References is the table that is referred to, Key the columns there, one for each of Columns.
	References OID   `json:"references"`
	Key        []int `json:"key"`
	// Index is the unique index over Key; References itself = the primary key that the table was created with.
	Index OID `json:"index"`
	// MatchFull: either all of Columns are NULL or none is.
	MatchFull bool     `json:"match_full,omitempty"`
	OnUpdate  FKAction `json:"on_update,omitempty"`
	OnDelete  FKAction `json:"on_delete,omitempty"`
	// SetOnDelete are the Columns that ON DELETE SET NULL and SET DEFAULT set; empty = all.
	SetOnDelete []int `json:"set_on_delete,omitempty"`
	Deferrable  bool  `json:"deferrable,omitempty"`
	// Deferred: INITIALLY DEFERRED.
	Deferred bool `json:"deferred,omitempty"`
	// NotValid: rows that were there when it was added were not looked at.
	NotValid bool `json:"not_valid,omitempty"`
}

// FKAction is what becomes of the rows that refer to a key which goes.
type FKAction string

const (
	FKNoAction   FKAction = ""
	FKRestrict   FKAction = "RESTRICT"
	FKCascade    FKAction = "CASCADE"
	FKSetNull    FKAction = "SET NULL"
	FKSetDefault FKAction = "SET DEFAULT"
)

// Changes reports whether the action writes the rows that refer to the key.
func (a FKAction) Changes() bool { return a != FKNoAction && a != FKRestrict }

// SQL is the action as it is written.
func (a FKAction) SQL() string {
	if a == FKNoAction {
		return "NO ACTION"
	}
	return string(a)
}

// SetColumns are the columns that ON DELETE SET NULL and SET DEFAULT set.
func (k *ForeignKey) SetColumns() []int {
	if len(k.SetOnDelete) > 0 {
		return k.SetOnDelete
	}
	return k.Columns
}

// ForeignKey finds a foreign key of the table by its OID; nil = there is none.
func (r *Relation) ForeignKey(oid OID) *ForeignKey {
	for i := range r.ForeignKeys {
		if r.ForeignKeys[i].OID == oid {
			return &r.ForeignKeys[i]
		}
	}
	return nil
}

// WithoutForeignKey is a copy of the table without a foreign key.
func (r *Relation) WithoutForeignKey(oid OID) *Relation {
	changed := *r
	changed.ForeignKeys = slices.DeleteFunc(slices.Clone(r.ForeignKeys), func(k ForeignKey) bool { return k.OID == oid })
	return &changed
}

// RefersTo reports whether a foreign key of the table refers to another one, or to itself.
func (r *Relation) RefersTo(table OID) bool {
	return slices.ContainsFunc(r.ForeignKeys, func(k ForeignKey) bool { return k.References == table })
}

// Referring are the tables with a foreign key to a table, by schema and name; the table itself may be one.
func (s *Snapshot) Referring(table OID) []*Relation {
	if len(s.layer.referring[table]) == 0 && !s.refersOver(table) {
		return nil
	}
	return s.among(s.layer.referring[table], func(r *Relation) bool { return r.RefersTo(table) })
}

// refersOver reports whether a table that changed since the layer was made refers to another.
func (s *Snapshot) refersOver(table OID) bool {
	for _, r := range s.changed {
		if r != nil && r.RefersTo(table) {
			return true
		}
	}
	return false
}

// NewOID gives an OID that nothing else has, for what is no relation.
func (t *Txn) NewOID() OID { return t.c.newOID() }
