package session

import (
	"context"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// reindex is REINDEX: each index is held against the rows of its table, and the table made anew where one has others.
func (s *Session) reindex(ctx context.Context, b *parse.Reindex, w face.Writer) error {
	verbose, err := s.reindexOptions(b)
	if err != nil {
		return err
	}
	if b.Kind != parse.ObjIndex && b.Kind != parse.ObjTable && s.tx.block {
		word := "DATABASE"
		if b.Kind == parse.ObjSchema {
			word = "SCHEMA"
		} else if b.System {
			word = "SYSTEM"
		}
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "REINDEX %s cannot run inside a transaction block", word)
	}
	tables, only, err := s.reindexTargets(ctx, b)
	if err != nil {
		return err
	}
	for _, rel := range tables {
		if err := s.lock(ctx, "REINDEX", rel.OID, table.Shared); err != nil {
			return err
		}
		indexes := s.catalog().Indexes(rel.OID)
		if len(indexes) == 0 && len(rel.PrimaryKey) == 0 && b.Kind == parse.ObjTable {
			s.notice("table %q has no indexes to reindex", rel.Name)
		}
		for _, ix := range indexes {
			if only != nil && ix.OID != only.OID {
				continue
			}
			if err := s.reindexOne(ctx, rel, ix); err != nil {
				return err
			}
			if verbose {
				s.tell(face.Notice{Severity: "INFO", Message: "index \"" + ix.Name + "\" was reindexed"})
			}
		}
	}
	return w.Complete("REINDEX")
}

// reindexOne holds an index against its table. What the session's transaction has made itself is as new.
func (s *Session) reindexOne(ctx context.Context, rel, ix *catalog.Relation) error {
	if _, committed := s.db.Catalog.Now().ByOID(ix.OID); !committed {
		return nil
	}
	return s.db.Tables.Verify(ctx, rel.OID, ix.OID)
}

func (s *Session) reindexOptions(b *parse.Reindex) (verbose bool, err error) {
	for _, n := range b.Options {
		o := n.GetDefElem()
		value := true
		if o.Arg != nil {
			text := strings.ToLower(o.Arg.GetString_().GetSval())
			value = text != "false" && text != "off" && text != "0" && (o.Arg.GetInteger() == nil || o.Arg.GetInteger().Ival != 0)
		}
		switch o.Defname {
		case "verbose":
			verbose = value
		case "concurrently":
			if value && s.tx.block {
				return false, sqlerr.New(sqlerr.ActiveSQLTransaction, "REINDEX CONCURRENTLY cannot run inside a transaction block")
			}
		case "tablespace":
			return false, unsupported("REINDEX (TABLESPACE)")
		default:
			return false, sqlerr.New(sqlerr.SyntaxError, "unrecognized REINDEX option \"%s\"", o.Defname).At(o.Location)
		}
	}
	return verbose, nil
}

// reindexTargets are the tables that a statement is about, and the one index of one.
func (s *Session) reindexTargets(ctx context.Context, b *parse.Reindex) (tables []*catalog.Relation, only *catalog.Relation, err error) {
	at := s.catalog()
	switch b.Kind {
	case parse.ObjIndex:
		if of := keyTable(at, b.Name, s.path()); of != nil {
			return nil, nil, s.owns(of) // the rows themselves are in its order
		}
		rel, ok := at.Relation(b.Name.Schema, b.Name.Name, s.path())
		switch {
		case !ok:
			return nil, nil, sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", b.Name.String()).
				Meant(catalog.Near(at, b.Name.Schema, b.Name.Name, s.path(), catalog.KindIndex))
		case rel.Kind != catalog.KindIndex:
			return nil, nil, sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is not an index", rel.Name)
		}
		of, _ := at.ByOID(rel.Parent)
		return []*catalog.Relation{of}, rel, s.owns(rel)
	case parse.ObjTable:
		rel, ok := at.Relation(b.Name.Schema, b.Name.Name, s.path())
		switch {
		case !ok:
			return nil, nil, sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", b.Name.String()).
				Meant(catalog.Near(at, b.Name.Schema, b.Name.Name, s.path(), catalog.KindTable))
		case rel.Kind != catalog.KindTable:
			return nil, nil, sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is not a table or materialized view", rel.Name)
		}
		return []*catalog.Relation{rel}, nil, s.owns(rel)
	case parse.ObjSchema:
		if !at.HasSchema(b.Name.Name) {
			return nil, nil, sqlerr.New(sqlerr.InvalidSchemaName, "schema \"%s\" does not exist", b.Name.Name)
		}
	default:
		if b.Name.Name != "" && b.Name.Name != s.database {
			return nil, nil, sqlerr.New(sqlerr.FeatureNotSupported, "can only reindex the currently open database")
		}
	}
	for _, rel := range at.Relations(catalog.KindTable) {
		if (b.Kind != parse.ObjSchema || rel.Schema == b.Name.Name) && !b.System && s.owns(rel) == nil {
			tables = append(tables, rel)
		}
	}
	return tables, nil, nil
}
