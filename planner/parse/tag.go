package parse

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// TagOf is how the command tag of a statement begins.
func TagOf(b Body) string { return tagOf(b) }

// tagOf is how the command tag of a statement begins.
//
//lint:dispatch
func tagOf(b Body) string {
	switch b := b.(type) {
	case *Select, *Subscribe:
		return "SELECT"
	case *Insert:
		return "INSERT"
	case *Update:
		return "UPDATE"
	case *Delete:
		return "DELETE"
	case *Merge:
		return "MERGE"
	case *CreateTable:
		return "CREATE TABLE"
	case *CreateStream:
		return "CREATE STREAM"
	case *CreateSink:
		return "CREATE SINK"
	case *CreateTopic:
		return "CREATE TOPIC"
	case *CreateMaterializedView:
		return "CREATE MATERIALIZED VIEW"
	case *CreateTableAs:
		if b.Into {
			return "SELECT INTO"
		}
		return "CREATE TABLE AS"
	case *CreateView:
		return "CREATE VIEW"
	case *Refresh:
		return "REFRESH MATERIALIZED VIEW"
	case *CreateIndex:
		return "CREATE INDEX"
	case *CreateSchema:
		return "CREATE SCHEMA"
	case *Comment:
		return "COMMENT"
	case *AlterSchema:
		return "ALTER SCHEMA"
	case *SetSchema:
		return "ALTER " + b.Kind.String()
	case *CreateSequence:
		return "CREATE SEQUENCE"
	case *AlterSequence:
		return "ALTER SEQUENCE"
	case *CreateEnum:
		return "CREATE TYPE"
	case *AlterEnum:
		return "ALTER TYPE"
	case *RenameType:
		return "ALTER " + b.Kind.String()
	case *CreateComposite:
		return "CREATE TYPE"
	case *AlterComposite:
		return "ALTER TYPE"
	case *CreateFunction:
		return "CREATE FUNCTION"
	case *DropFunction:
		return "DROP FUNCTION"
	case *AlterFunction:
		if b.Comment != nil {
			return "COMMENT"
		}
		return "ALTER FUNCTION"
	case *CreateDomain:
		return "CREATE DOMAIN"
	case *AlterDomain:
		return "ALTER DOMAIN"
	case *Drop:
		return "DROP " + b.Kind.String()
	case *AlterTable:
		return "ALTER TABLE"
	case *Rename:
		return "ALTER " + b.Kind.String()
	case *AlterSet:
		return "ALTER " + b.Kind.String()
	case *AlterRebuild:
		return "ALTER " + b.Kind.String()
	case *CreatePolicy:
		return "CREATE POLICY"
	case *AlterPolicy, *RenamePolicy:
		return "ALTER POLICY"
	case *DropPolicy:
		return "DROP POLICY"
	case *CreateRole:
		return "CREATE ROLE"
	case *AlterSettings:
		if b.OnlyHere {
			return "ALTER DATABASE"
		}
		return "ALTER ROLE"
	case *AlterRole, *RenameRole:
		return "ALTER ROLE"
	case *Grant:
		if b.Revoke {
			return "REVOKE"
		}
		return "GRANT"
	case *GrantRole:
		if b.Revoke {
			return "REVOKE ROLE"
		}
		return "GRANT ROLE"
	case *DefaultPrivileges:
		return "ALTER DEFAULT PRIVILEGES"
	case *DropOwned:
		if b.To != nil {
			return "REASSIGN OWNED"
		}
		return "DROP OWNED"
	case *AlterOwner:
		if b.Kind == 0 {
			return "ALTER DATABASE"
		}
		return "ALTER " + b.Kind.String()
	case *DropRole:
		return "DROP ROLE"
	case *ShowObjects, *Show, *ShowCreate:
		return "SHOW"
	case *Describe:
		return "DESCRIBE"
	case *Set, *SetTransaction:
		return "SET"
	case *Reset:
		return "RESET"
	case *Transaction:
		if b.Start {
			return "START TRANSACTION"
		}
		return [...]string{"", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "ROLLBACK", "PREPARE TRANSACTION", "COMMIT PREPARED", "ROLLBACK PREPARED"}[b.Kind]
	case *CopyFrom, *CopyTo:
		return "COPY"
	case *Explain:
		return "EXPLAIN"
	case *Prepare:
		return "PREPARE"
	case *Execute:
		return "EXECUTE"
	case *Deallocate:
		if b.All {
			return "DEALLOCATE ALL"
		}
		return "DEALLOCATE"
	case *Discard:
		return "DISCARD " + b.What
	case *Declare:
		return "DECLARE CURSOR"
	case *Fetch:
		if b.Move {
			return "MOVE"
		}
		return "FETCH"
	case *CloseCursor:
		if b.All {
			return "CLOSE CURSOR ALL"
		}
		return "CLOSE CURSOR"
	case *LockTable:
		return "LOCK TABLE"
	case *Listen:
		return b.What
	case *Truncate:
		return "TRUNCATE TABLE"
	case *SetConstraints:
		return "SET CONSTRAINTS"
	case *Reindex:
		return "REINDEX"
	case *Cluster:
		return "CLUSTER"
	case *Maintain:
		return b.What
	case *DropSystem:
		return b.tag()
	case *CreateExtension:
		return "CREATE EXTENSION"
	case *Unsupported:
		return b.What
	}
	return ""
}

// unsupportedName spells a tree that has no Body: CreateFunctionStmt is CREATE FUNCTION.
func unsupportedName(n *pg.Node) string {
	name := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", n.GetNode()), "*pg_query.Node_"), "Stmt")
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	if words, ok := statementWords[strings.ToUpper(b.String())]; ok {
		return words
	}
	return strings.ToUpper(b.String())
}

// statementWords are statements that their node's name does not spell.
var statementWords = map[string]string{
	"CREATEDB": "CREATE DATABASE", "DROPDB": "DROP DATABASE", "ALTER DATABASE SET": "ALTER DATABASE",
	"CREATE TABLE SPACE": "CREATE TABLESPACE", "DROP TABLE SPACE": "DROP TABLESPACE",
	"CREATE SEQ": "CREATE SEQUENCE", "ALTER SEQ": "ALTER SEQUENCE", "CREATE TRIG": "CREATE TRIGGER",
	"CREATE EVENT TRIG": "CREATE EVENT TRIGGER", "ALTER EVENT TRIG": "ALTER EVENT TRIGGER",
	"CREATE P L ANG": "CREATE LANGUAGE", "CREATE PLANG": "CREATE LANGUAGE", "REFRESH MAT VIEW": "REFRESH MATERIALIZED VIEW",
	"CREATE ENUM": "CREATE TYPE", "CREATE RANGE": "CREATE TYPE", "COMPOSITE TYPE": "CREATE TYPE", "DEFINE": "CREATE",
	"CREATE FDW": "CREATE FOREIGN DATA WRAPPER", "CHECK POINT": "CHECKPOINT", "LOCK": "LOCK TABLE",
	"ALTER OBJECT SCHEMA": "ALTER … SET SCHEMA", "GRANT ROLE": "GRANT",
	"CREATE STATS": "CREATE STATISTICS", "ALTER STATS": "ALTER STATISTICS", "RULE": "CREATE RULE", "VARIABLE SET": "SET",
}
