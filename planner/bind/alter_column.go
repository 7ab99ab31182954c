package bind

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// passes are the changes of one ALTER TABLE in the order in which PostgreSQL makes them: what goes before what comes.
var passes = [][]pg.AlterTableType{
	{pg.AlterTableType_AT_DropColumn, pg.AlterTableType_AT_DropConstraint, pg.AlterTableType_AT_DropNotNull, pg.AlterTableType_AT_DropIdentity, pg.AlterTableType_AT_DropExpression},
	{pg.AlterTableType_AT_AlterColumnType},
	{pg.AlterTableType_AT_AddColumn},
	{pg.AlterTableType_AT_ColumnDefault, pg.AlterTableType_AT_SetNotNull, pg.AlterTableType_AT_SetIdentity},
	{pg.AlterTableType_AT_AddIdentity, pg.AlterTableType_AT_AddConstraint},
}

func passOf(c *pg.AlterTableCmd) int {
	if c.Subtype == pg.AlterTableType_AT_ColumnDefault && c.Def == nil {
		return 0
	}
	for i, p := range passes {
		if slices.Contains(p, c.Subtype) {
			if con := c.Def.GetConstraint(); con != nil && c.Subtype == pg.AlterTableType_AT_AddConstraint &&
				con.Contype != pg.ConstrType_CONSTR_PRIMARY && con.Contype != pg.ConstrType_CONSTR_UNIQUE {
				return len(passes) // behind the keys
			}
			return i
		}
	}
	return len(passes)
}

// InPasses are the changes of an ALTER TABLE, in order, with the constraints that stand at new columns as changes of their own.
func InPasses(changes []*pg.AlterTableCmd) []*pg.AlterTableCmd {
	var out []*pg.AlterTableCmd
	for _, c := range changes {
		n := c.Def.GetColumnDef()
		if c.Subtype != pg.AlterTableType_AT_AddColumn || n == nil {
			out = append(out, c)
			continue
		}
		kept := &pg.ColumnDef{Colname: n.Colname, TypeName: n.TypeName, CollClause: n.CollClause, Location: n.Location}
		alone := &pg.AlterTableCmd{Subtype: c.Subtype, MissingOk: c.MissingOk, Def: &pg.Node{Node: &pg.Node_ColumnDef{ColumnDef: kept}}}
		out = append(out, alone)
		for _, node := range n.Constraints {
			con := node.GetConstraint()
			key := []*pg.Node{pg.MakeStrNode(n.Colname)}
			switch con.Contype {
			case pg.ConstrType_CONSTR_UNIQUE, pg.ConstrType_CONSTR_PRIMARY:
				con = &pg.Constraint{Contype: con.Contype, Conname: con.Conname, NullsNotDistinct: con.NullsNotDistinct, Including: con.Including, Options: con.Options, Indexspace: con.Indexspace, Keys: key, Location: con.Location}
			case pg.ConstrType_CONSTR_CHECK:
				con = &pg.Constraint{Contype: con.Contype, Conname: con.Conname, RawExpr: con.RawExpr, Location: con.Location, InitiallyValid: true}
			case pg.ConstrType_CONSTR_FOREIGN:
				con = &pg.Constraint{
					Contype: con.Contype, Conname: con.Conname, Pktable: con.Pktable, PkAttrs: con.PkAttrs, FkAttrs: key, FkMatchtype: con.FkMatchtype,
					FkUpdAction: con.FkUpdAction, FkDelAction: con.FkDelAction, FkDelSetCols: con.FkDelSetCols, Location: con.Location,
					Deferrable: con.Deferrable, Initdeferred: con.Initdeferred, InitiallyValid: true,
				}
			default:
				kept.Constraints = append(kept.Constraints, node)
				continue
			}
			out = append(out, &pg.AlterTableCmd{Subtype: pg.AlterTableType_AT_AddConstraint, MissingOk: c.MissingOk, Name: n.Colname, Def: &pg.Node{Node: &pg.Node_Constraint{Constraint: con}}})
		}
	}
	slices.SortStableFunc(out, func(a, b *pg.AlterTableCmd) int { return passOf(a) - passOf(b) })
	return out
}

// ColumnDrop is DROP COLUMN.
type ColumnDrop struct {
	Name               string
	MissingOK, Cascade bool
}

// DropsColumn reports whether a change is a DROP COLUMN.
func DropsColumn(c *pg.AlterTableCmd) (ColumnDrop, bool) {
	return ColumnDrop{c.Name, c.MissingOk, c.Behavior == pg.DropBehavior_DROP_CASCADE}, c.Subtype == pg.AlterTableType_AT_DropColumn
}

// OfNewColumn is the column that a constraint of InPasses stood at, empty = none.
func OfNewColumn(c *pg.AlterTableCmd) string {
	if c.Subtype == pg.AlterTableType_AT_AddConstraint {
		return c.Name
	}
	return ""
}

// NothingToDo is the notice of a change that IF [NOT] EXISTS made one of nothing, and the column that was not added.
func NothingToDo(rel *catalog.Relation, c *pg.AlterTableCmd) (column string, code sqlerr.Code, text string) {
	what, code := "constraint \"%s\" of relation \"%s\" does not exist, skipping", sqlerr.SuccessfulCompletion
	name := c.Name
	switch c.Subtype {
	case pg.AlterTableType_AT_AddColumn:
		column = c.Def.GetColumnDef().Colname
		name, code, what = column, sqlerr.DuplicateColumn, "column \"%s\" of relation \"%s\" already exists, skipping"
	case pg.AlterTableType_AT_DropIdentity:
		what = "column \"%s\" of relation \"%s\" is not an identity column, skipping"
	case pg.AlterTableType_AT_DropExpression:
		what = "column \"%s\" of relation \"%s\" is not a stored generated column, skipping"
	}
	return column, code, fmt.Sprintf(what, name, rel.Name)
}

// addColumn is ADD COLUMN. nil: it is there, and that is fine.
func (d *definition) addColumn(c *pg.AlterTableCmd) (*AlterTablePlan, error) {
	rel, n := d.rel, c.Def.GetColumnDef()
	if rel.ColumnIndex(n.Colname) >= 0 {
		if c.MissingOk {
			return nil, nil
		}
		return nil, sqlerr.New(sqlerr.DuplicateColumn, "column \"%s\" of relation \"%s\" already exists", n.Colname, rel.Name)
	}
	if len(rel.Columns) >= maxColumns {
		return nil, sqlerr.New(sqlerr.TooManyColumns, "tables can have at most %d columns", maxColumns)
	}
	rel.NextLayout()
	if err := d.column(n); err != nil {
		return nil, err
	}
	for _, computed := range d.computed {
		if err := d.computedColumn(computed); err != nil {
			return nil, err
		}
	}
	at := len(rel.Columns) - 1
	col := &rel.Columns[at]
	out := &AlterTablePlan{Relation: rel, Sequences: d.sequences, Added: at + 1}
	computed := len(d.sequences) > 0 || col.Sequence != 0 || col.Generated != ""
	if col.Default != "" || sqltype.Plain(col.Type).OID != col.Type.OID && !computed {
		e, err := d.b.defaultOf(col)
		if err != nil {
			return nil, err
		}
		if computed = isVolatile(e); !computed {
			out.Value = e
		}
	}
	out.Fill = computed
	if col.NotNull && !computed && out.Value == nil {
		out.Broken, out.Error = "true", ContainsNull(rel, col)
	}
	return out, nil
}

// ContainsNull is the error of rows that have NULL in a column which must not.
func ContainsNull(rel *catalog.Relation, col *catalog.Column) *sqlerr.Error {
	return sqlerr.New(sqlerr.NotNullViolation, "column \"%s\" of relation \"%s\" contains null values", col.Name, rel.Name).
		About(sqlerr.Object{Schema: rel.Schema, Table: rel.Name, Column: col.Name})
}

// maxColumns is PostgreSQL's MaxHeapAttributeNumber.
const maxColumns = 1600

// isVolatile: the expression may give something else each time.
func isVolatile(e plan.Expr) bool {
	if c, ok := e.(*plan.Call); ok {
		if f := builtin.FuncByOID(uint32(c.Func)); f == nil || f.Volatile == 'v' {
			return true
		}
	}
	return slices.ContainsFunc(plan.Children(e), isVolatile)
}

// dropIdentity is DROP IDENTITY; nil: there is none, and need not be.
func (d *definition) dropIdentity(c *pg.AlterTableCmd) (*AlterTablePlan, error) {
	col, err := d.columnOf(c.Name)
	if err != nil {
		return nil, err
	}
	if col.Identity == "" {
		if c.MissingOk {
			return nil, nil
		}
		return nil, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" is not an identity column", c.Name, d.rel.Name)
	}
	out := &AlterTablePlan{Relation: d.rel, DropSequence: col.Sequence}
	d.rel.DependsOn = slices.DeleteFunc(d.rel.DependsOn, func(oid catalog.OID) bool { return oid == col.Sequence })
	col.Identity, col.Sequence = "", 0
	return out, nil
}

// addIdentity is ADD GENERATED … AS IDENTITY.
func (d *definition) addIdentity(c *pg.AlterTableCmd) (*AlterTablePlan, error) {
	col, err := d.columnOf(c.Name)
	if err != nil {
		return nil, err
	}
	switch {
	case !col.NotNull:
		return nil, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" must be declared NOT NULL before identity can be added", c.Name, d.rel.Name)
	case col.Identity != "":
		return nil, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" is already an identity column", c.Name, d.rel.Name)
	case col.Default != "" || col.Sequence != 0 || col.Generated != "":
		return nil, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" already has a default value", c.Name, d.rel.Name)
	}
	con := c.Def.GetConstraint()
	if con == nil {
		return nil, unsupported("ADD IDENTITY of this form")
	}
	at := d.rel.ColumnIndex(c.Name)
	// The sequence is that of the newest column.
	of := &definition{b: d.b, rel: &catalog.Relation{Schema: d.rel.Schema, Name: d.rel.Name, Columns: []catalog.Column{*col}}}
	if err := of.identity(con, &of.rel.Columns[0]); err != nil {
		return nil, err
	}
	*col = of.rel.Columns[0]
	of.sequences[0].Column = at
	return &AlterTablePlan{Relation: d.rel, Sequences: of.sequences}, nil
}

// dropExpression is DROP EXPRESSION: the values stay. nil: there is none, and need not be.
func (d *definition) dropExpression(c *pg.AlterTableCmd) (*AlterTablePlan, error) {
	col, err := d.columnOf(c.Name)
	if err != nil {
		return nil, err
	}
	if col.Generated == "" {
		if c.MissingOk {
			return nil, nil
		}
		return nil, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" is not a stored generated column", c.Name, d.rel.Name)
	}
	col.Generated = ""
	return &AlterTablePlan{Relation: d.rel}, nil
}

func (d *definition) columnOf(name string) (*catalog.Column, error) {
	if i := d.rel.ColumnIndex(name); i >= 0 {
		return &d.rel.Columns[i], nil
	}
	return nil, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, d.rel.Name).Meant(d.rel.NearColumn(name))
}
