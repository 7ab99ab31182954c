// Package plantest is a catalog for tests of the planner, made by the statements that make one.
//
// Tests only; holds no goroutines and is not safe for concurrent use.
package plantest

import (
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/storage/log"
)

// Catalog is a catalog.Reader over a list of relations.
type Catalog struct {
	rels []*catalog.Relation
}

var _ catalog.Reader = (*Catalog)(nil)

// Functions: there are none.
func (c *Catalog) Functions(string) []*catalog.Relation { return nil }

// New runs CREATE and DROP statements on an empty catalog; it panics where one is wrong.
func New(ddl string) *Catalog {
	c := &Catalog{}
	if err := c.Exec(ddl); err != nil {
		panic(err)
	}
	return c
}

// Exec runs CREATE TABLE, INDEX, STREAM, MATERIALIZED VIEW and SINK, and DROP.
func (c *Catalog) Exec(ddl string) error {
	stmts, err := parse.Parse(ddl)
	if err != nil {
		return err
	}
	for _, s := range stmts {
		if err := c.run(s.Body); err != nil {
			return err
		}
	}
	return nil
}

func (c *Catalog) run(body parse.Body) error {
	switch s := body.(type) {
	case *parse.CreateTable:
		d, err := bind.CreateTable(s, c, bind.Options{})
		if err != nil {
			return err
		}
		t := c.add(d.Relation)
		for _, x := range d.Indexes {
			c.add(x).Parent = t.OID
		}
	case *parse.CreateIndex:
		x, err := bind.CreateIndex(s, c, bind.Options{})
		if err != nil {
			return err
		}
		c.add(x)
	case *parse.CreateStream:
		d, err := bind.CreateStream(s, c, bind.Options{}, nil)
		if err != nil {
			return err
		}
		c.add(d.Relation)
	case *parse.CreateMaterializedView:
		d, err := bind.CreateView(s, c, bind.Options{})
		if err != nil {
			return err
		}
		c.add(d.Relation)
	case *parse.CreateSink:
		d, err := bind.CreateSink(s, c, bind.Options{})
		if err != nil {
			return err
		}
		c.add(d.Relation)
	case *parse.Drop:
		for _, n := range s.Names {
			c.rels = slices.DeleteFunc(c.rels, func(r *catalog.Relation) bool { return r.Name == n.Name })
		}
	default:
		return fmt.Errorf("no catalog statement: %T", body)
	}
	return nil
}

func (c *Catalog) add(r *catalog.Relation) *catalog.Relation {
	r.OID = catalog.FirstOID
	for _, have := range c.rels {
		r.OID = max(r.OID, have.OID+1)
	}
	c.rels = append(c.rels, r)
	return r
}

// Version never changes.
func (c *Catalog) Version() log.CommitSeq { return 1 }

// Relation finds schema.name, an empty schema along path.
func (c *Catalog) Relation(schema, name string, path []string) (*catalog.Relation, bool) {
	for _, r := range c.rels {
		if r.Name == name && (r.Schema == schema || (schema == "" && slices.Contains(path, r.Schema))) {
			return r, true
		}
	}
	return nil, false
}

// ByOID finds a relation.
func (c *Catalog) ByOID(oid catalog.OID) (*catalog.Relation, bool) {
	for _, r := range c.rels {
		if r.OID == oid {
			return r, true
		}
	}
	return nil, false
}

// Indexes of a table.
func (c *Catalog) Indexes(table catalog.OID) []*catalog.Relation {
	return c.filter(func(r *catalog.Relation) bool { return r.Kind == catalog.KindIndex && r.Parent == table })
}

// Dependents of a relation.
func (c *Catalog) Dependents(oid catalog.OID) []*catalog.Relation {
	return c.filter(func(r *catalog.Relation) bool { return r.Parent == oid || slices.Contains(r.DependsOn, oid) })
}

// Referring are the tables with a foreign key to a relation.
func (c *Catalog) Referring(oid catalog.OID) []*catalog.Relation {
	return c.filter(func(r *catalog.Relation) bool { return r.RefersTo(oid) })
}

// Relations of one kind.
func (c *Catalog) Relations(kind catalog.Kind) []*catalog.Relation {
	return c.filter(func(r *catalog.Relation) bool { return r.Kind == kind })
}

// Schema knows public.
func (c *Catalog) Schema(name string) (*catalog.Relation, bool) {
	return &catalog.Relation{OID: 2200, Name: name, Kind: catalog.KindSchema}, name == catalog.Public
}

// OwnerOf, InitialACL, RoleNamed, RoleOf, Roles: there are no roles.
func (c *Catalog) OwnerOf(*catalog.Relation) catalog.OID        { return 0 }
func (c *Catalog) InitialACL(*catalog.Relation) acl.ACL         { return nil }
func (c *Catalog) RoleNamed(string) (*catalog.Relation, bool)   { return nil, false }
func (c *Catalog) RoleOf(catalog.OID) (*catalog.Relation, bool) { return nil, false }
func (c *Catalog) Roles() []*catalog.Relation                   { return nil }

// Policies, RowsAre, PolicyIsFor: there are none.
func (c *Catalog) Policies(catalog.OID) []*catalog.Relation      { return nil }
func (c *Catalog) RowsAre(catalog.OID, *catalog.Relation) bool   { return false }
func (c *Catalog) PolicyIsFor(*catalog.Policy, catalog.OID) bool { return false }

// Type: there are none of users.
func (c *Catalog) Type(string, string, []string) (*catalog.Relation, bool) { return nil, false }

// HasSchema knows public and pg_catalog.
func (c *Catalog) HasSchema(name string) bool { return name == "public" || name == "pg_catalog" }

func (c *Catalog) filter(keep func(*catalog.Relation) bool) []*catalog.Relation {
	var out []*catalog.Relation
	for _, r := range c.rels {
		if keep(r) {
			out = append(out, r)
		}
	}
	return out
}
