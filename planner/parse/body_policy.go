package parse

import pg "github.com/pganalyze/pg_query_go/v5"

// Statements about policies of rows.
type (
	// CreatePolicy is CREATE POLICY … ON table. Using and Check are nil where they are not given.
	CreatePolicy struct {
		Name, Command string // all, select, insert, update, delete
		Table         Name
		Restrictive   bool
		Roles         []RoleSpec
		Using, Check  *pg.Node
	}
	// AlterPolicy is ALTER POLICY … ON table; Roles is nil where they stay.
	AlterPolicy struct {
		Name         string
		Table        Name
		Roles        []RoleSpec
		Using, Check *pg.Node
	}
	// RenamePolicy is ALTER POLICY … RENAME TO.
	RenamePolicy struct {
		Table    Name
		Old, New string
		IfExists bool
	}
	// DropPolicy is DROP POLICY … ON table.
	DropPolicy struct {
		Name     string
		Table    Name
		IfExists bool
	}
)

func (*CreatePolicy) body() {}
func (*AlterPolicy) body()  {}
func (*RenamePolicy) body() {}
func (*DropPolicy) body()   {}

func createPolicy(s *pg.CreatePolicyStmt) Body {
	return &CreatePolicy{
		Name: s.PolicyName, Table: nameOf(s.Table), Command: s.CmdName, Restrictive: !s.Permissive, Roles: roleSpecs(s.Roles), Using: s.Qual, Check: s.WithCheck,
	}
}

func alterPolicy(s *pg.AlterPolicyStmt) Body {
	return &AlterPolicy{Name: s.PolicyName, Table: nameOf(s.Table), Roles: roleSpecs(s.Roles), Using: s.Qual, Check: s.WithCheck}
}

func dropPolicy(s *pg.DropStmt) Body {
	parts := stringsOf(s.Objects[0].GetList().GetItems())
	return &DropPolicy{Name: parts[len(parts)-1], Table: qualify(parts[:len(parts)-1]), IfExists: s.MissingOk}
}
