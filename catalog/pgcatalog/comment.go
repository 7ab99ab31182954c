package pgcatalog

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/catalog/system"
)

// databaseClass is pg_database, whose comments pg_shdescription has.
const databaseClass = 1262

// description is a row of pg_description.
type description struct {
	object, class uint32
	sub           int32
	text          string
}

// described are the comments on a relation and on what comes with it.
func described(r *catalog.Relation) (out []description) {
	say := func(object, class uint32, sub int32, text string) {
		if text != "" {
			out = append(out, description{object, class, sub, text})
		}
	}
	oid := uint32(r.OID)
	switch r.Kind {
	case catalog.KindSchema:
		say(oid, namespaceClass, 0, r.Comment)
		return out
	case catalog.KindDatabase:
		say(DatabaseOID, databaseClass, 0, r.Comment)
		return out
	}
	if r.Kind == catalog.KindFunction {
		say(oid, procClass, 0, r.Comment)
		return out
	}
	if r.Kind == catalog.KindPolicy {
		say(oid, policyClass, 0, r.Comment)
		return out
	}
	if r.Kind == catalog.KindType {
		say(oid, typeClass, 0, r.Comment)
		if r.UserType.Domain != nil {
			for i, c := range r.UserType.Domain.Checks {
				say(checkOID(r, i), constraintClass, 0, c.Comment)
			}
		}
		return out
	}
	say(oid, classClass, 0, r.Comment)
	for i := range r.Columns {
		say(oid, classClass, int32(i+1), r.Columns[i].Comment)
	}
	for i := range r.Checks {
		say(checkOID(r, i), constraintClass, 0, r.Checks[i].Comment)
	}
	for i := range r.ForeignKeys {
		say(uint32(r.ForeignKeys[i].OID), constraintClass, 0, r.ForeignKeys[i].Comment)
	}
	say(keyIndexes+oid, classClass, 0, r.KeyComment)
	say(keyConstraint+oid, constraintClass, 0, r.ConstraintComment)
	return out
}

// descriptions are the comments of users, those on one object if oid is not 0; of the database or of the rest.
func (v *View) descriptions(oid uint32, database bool) (out []description) {
	var of []*catalog.Relation
	switch {
	case database:
		of = v.cat.Relations(catalog.KindDatabase)
	case oid != 0:
		base := catalog.OID(oid)
		if rel, sort, _ := relationOf(oid); sort != 0 {
			base = rel
		}
		if r, ok := v.cat.ByOID(base); ok && r.Kind != catalog.KindDatabase {
			of = append(of, r)
		} else if key, is := v.foreignKey(oid); is && !ok {
			of = append(of, key.table)
		}
	default:
		of = append(v.relations(), v.cat.Relations(catalog.KindSchema)...)
		of = append(append(of, v.cat.Relations(catalog.KindSink)...), v.cat.Relations(catalog.KindType)...)
		of = append(append(of, v.cat.Relations(catalog.KindFunction)...), v.cat.Relations(catalog.KindPolicy)...)
	}
	for _, r := range of {
		for _, d := range described(r) {
			if oid == 0 || d.object == oid {
				out = append(out, d)
			}
		}
	}
	return out
}

// descriptionRows is pg_description beside PostgreSQL's own.
func descriptionRows(v *View, _ system.Facts, key system.Key, add system.Adder) error {
	for _, d := range v.descriptions(key.OID, false) {
		if err := add(d.object, d.class, d.sub, d.text); err != nil {
			return err
		}
	}
	return nil
}

// sharedDescriptionRows is pg_shdescription.
func sharedDescriptionRows(v *View, _ system.Facts, _ system.Key, add system.Adder) error {
	for _, d := range v.descriptions(0, true) {
		if err := add(d.object, d.class, d.text); err != nil {
			return err
		}
	}
	return nil
}

// Comment is what pg_description has of an object, or with sub > 0 of its column; class 0 = of any catalog.
func (v *View) Comment(object, class uint32, sub int32) (string, bool) {
	oid := object
	if class == databaseClass {
		oid = 0
	}
	for _, d := range v.descriptions(oid, class == databaseClass) {
		if d.object == object && d.sub == sub && (class == 0 || class == d.class) {
			return d.text, true
		}
	}
	if sub != 0 {
		return "", false
	}
	for _, row := range bootstrap.Rows("pg_description") {
		if bootstrap.Number(row[0]) == object && (class == 0 || bootstrap.Number(row[1]) == class) && row[2] == "0" {
			return bootstrap.Text(row[3]), true
		}
	}
	return "", false
}
