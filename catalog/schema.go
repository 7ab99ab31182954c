package catalog

import "slices"

// Public is the schema that is there from the start, as in PostgreSQL: it can be dropped, and made again.
const Public = "public"

// publicOID is PostgreSQL's own.
const publicOID OID = 2200

func publicSchema() *Relation {
	return &Relation{OID: publicOID, Name: Public, Kind: KindSchema, TimestampColumn: -1, Comment: "standard public schema"}
}

// SystemSchemas are those whose relations come with the server. Nothing is made in them.
var SystemSchemas = []string{"pg_catalog", "information_schema", "tributary"}

// SystemSchema reports whether a schema's relations come with the server.
func SystemSchema(name string) bool { return slices.Contains(SystemSchemas, name) }

// Schema finds a schema of users, public among them.
func (s *Snapshot) Schema(name string) (*Relation, bool) {
	if name == "" {
		return nil, false
	}
	return s.in("", s.schemaCalled(name))
}

// Database is what is said of the database, if something is.
func (s *Snapshot) Database() (*Relation, bool) { return s.in("", "") }

// HasSchema reports whether there is a schema of that name, one of the system or of users.
func (s *Snapshot) HasSchema(name string) bool {
	_, ok := s.Schema(name)
	return ok || SystemSchema(name)
}

// InSchema are the relations of a schema, by name.
func (s *Snapshot) InSchema(name string) []*Relation {
	return s.filter(func(r *Relation) bool { return r.Schema == name && r.Kind != KindSchema })
}
