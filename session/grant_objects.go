package session

import (
	"fmt"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// objects are what a GRANT or REVOKE is on.
func (g *granting) objects() (out []*catalog.Relation, err error) {
	if g.b.InAll {
		return g.inSchemas()
	}
	for _, n := range g.b.Functions {
		rel, err := g.s.functionTarget(g.t.At(), n, false)
		if err != nil {
			return nil, err
		}
		out = append(out, rel)
	}
	for _, n := range g.b.Objects {
		var rel *catalog.Relation
		switch g.b.Kind {
		case parse.OnSchema:
			rel, err = g.schema(n.Name)
		case parse.OnType:
			rel, err = g.s.typeTarget(g.t.At(), parse.ObjType, n, false)
		default:
			rel, err = g.relation(n)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, rel)
	}
	return byOID(out), nil
}

func (g *granting) schema(name string) (*catalog.Relation, error) {
	if catalog.SystemSchema(name) {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "privileges on schema \"%s\" cannot be changed", name)
	}
	if rel, ok := g.t.At().Schema(name); ok {
		return rel, nil
	}
	return nil, sqlerr.New(sqlerr.InvalidSchemaName, "schema \"%s\" does not exist", name)
}

func (g *granting) relation(n parse.Name) (*catalog.Relation, error) {
	rel, ok, err := g.s.named(n.Schema, n.Name)
	switch {
	case err != nil:
		return nil, err
	case !ok && keyTable(g.t.At(), n, g.s.path()) != nil:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is an index", n.Name)
	case !ok && n.Schema != "" && !g.t.At().HasSchema(n.Schema):
		return nil, sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", n.String())
	case !ok:
		return nil, sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", n.String()).
			Meant(catalog.Near(g.t.At(), n.Schema, n.Name, g.s.path()))
	case rel.Kind == catalog.KindIndex:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is an index", rel.Name)
	case g.b.Kind == parse.OnSequence && rel.Kind != catalog.KindSequence:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is not a sequence", rel.Name)
	case g.b.Only != 0 && rel.Kind != dropKinds[g.b.Only]:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is not a %s", rel.Name, dropKinds[g.b.Only])
	case rel.Kind == catalog.KindSystem:
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "privileges on \"%s\" cannot be changed", rel.Name).WithDetail("It is a relation of the system.")
	}
	return rel, nil
}

// inSchemas are the relations or sequences of schemas.
func (g *granting) inSchemas() (out []*catalog.Relation, err error) {
	for _, n := range g.b.Objects {
		if _, err := g.schema(n.Name); err != nil {
			return nil, err
		}
		for _, rel := range g.t.At().InSchema(n.Name) {
			switch rel.Kind {
			case catalog.KindTable, catalog.KindStream, catalog.KindView, catalog.KindPlainView:
				if g.b.Kind == parse.OnTable {
					out = append(out, rel)
				}
			case catalog.KindFunction:
				if g.b.Kind == parse.OnFunction {
					out = append(out, rel)
				}
			case catalog.KindSequence:
				if g.b.Kind == parse.OnSequence {
					out = append(out, rel)
				}
			}
		}
	}
	return byOID(out), nil
}

// databases changes the grants on the one database.
func (g *granting) databases() error {
	for _, n := range g.b.Objects {
		if n.Name != g.s.database {
			return sqlerr.New(sqlerr.InvalidCatalogName, "database \"%s\" does not exist", n.Name)
		}
	}
	if err := g.checkWords(); err != nil {
		return err
	}
	privs, all := g.wholePrivs()
	if all {
		privs = acl.All(acl.Database)
	}
	return g.s.changeDatabase(g.ctx, g.t, func(d *catalog.Relation) error {
		before := acl.Default(acl.Database, uint32(g.t.At().OwnerOfDatabase()))
		if d.ACL != nil {
			before = *d.ACL
		}
		list, err := g.changed(granted{rel: d, column: -1, list: before, privs: privs, all: all})
		if err == nil {
			d.ACL = &list
		}
		return err
	})
}

// topics changes the grants on topics.
func (g *granting) topics() error {
	if err := g.checkWords(); err != nil {
		return err
	}
	privs, all := g.wholePrivs()
	if all {
		privs = acl.All(acl.Topic)
	}
	for _, n := range g.b.Objects {
		topic, ok := g.s.topicNamed(g.t, n.String())
		if !ok {
			return sqlerr.New(sqlerr.UndefinedObject, "topic \"%s\" does not exist", n.String()).Meant(g.s.nearTopic(n.String()))
		}
		err := g.s.changeDatabase(g.ctx, g.t, func(d *catalog.Relation) error {
			owner := g.t.At().OwnerOfTopic(topic.ID)
			said := d.TopicAccess[fmt.Sprintf("%x", topic.ID)]
			before := acl.Default(acl.Topic, uint32(owner))
			if said.ACL != nil {
				before = *said.ACL
			}
			list, err := g.changed(granted{name: topic.Name, owner: owner, column: -1, list: before, privs: privs, all: all})
			if err == nil {
				said.ACL = &list
				d.TopicAccess = g.s.topicAccess(d.TopicAccess, topic.ID, said)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
