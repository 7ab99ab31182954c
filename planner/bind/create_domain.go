package bind

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// CreateDomain is the domain that a statement makes, without an OID.
func CreateDomain(s *parse.CreateDomain, cat catalog.Reader, o Options) (*catalog.Relation, error) {
	rel, err := createDomain(s, cat, o)
	return rel, placeless(err)
}

// placeless takes the place out of an error: PostgreSQL gives none of what is wrong in a domain.
func placeless(err error) error {
	var e *sqlerr.Error
	if !errors.As(err, &e) || e.Location == 0 {
		return err
	}
	bare := *e
	bare.Location = 0
	return &bare
}

func createDomain(s *parse.CreateDomain, cat catalog.Reader, o Options) (*catalog.Relation, error) {
	o.NoParams = true
	b := newBinder(cat, o)
	schema, err := b.newSchema(s.Name)
	if err != nil {
		return nil, err
	}
	base, err := b.typeOf(s.Stmt.TypeName)
	if err != nil {
		return nil, err
	}
	if base.OID.Phys() == sqltype.PhysNone {
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "\"%s\" is not a valid base type for a domain", displayType(base.OID))
	}
	if c := s.Stmt.CollClause; c != nil {
		if err := b.collation(c, base.OID); err != nil {
			return nil, err
		}
	}
	d := &domainDefinition{b: b, name: s.Name.Name, def: &catalog.Domain{Base: base, Default: b.domainDefault(base.OID)}}
	for _, n := range s.Stmt.Constraints {
		if err := d.constraint(n.GetConstraint()); err != nil {
			return nil, err
		}
	}
	rel := &catalog.Relation{Schema: schema, Name: s.Name.Name, Kind: catalog.KindType, UserType: &catalog.UserType{Domain: d.def}, TimestampColumn: -1}
	dependOnTypes(rel, b.types)
	return rel, nil
}

// domainDefinition collects what is said of a domain.
type domainDefinition struct {
	b     *binder
	name  string
	def   *catalog.Domain
	given bool // a default, which may be NULL
	null  bool // NULL was said
}

//lint:dispatch
func (d *domainDefinition) constraint(c *pg.Constraint) error {
	impossible := func(what string) error {
		return sqlerr.New(sqlerr.SyntaxError, "%s constraints not possible for domains", what)
	}
	switch c.Contype {
	case pg.ConstrType_CONSTR_DEFAULT:
		if d.given {
			return sqlerr.New(sqlerr.SyntaxError, "multiple default expressions")
		}
		d.given = true
		return d.setDefault(c.RawExpr)
	case pg.ConstrType_CONSTR_NOTNULL, pg.ConstrType_CONSTR_NULL:
		null := c.Contype == pg.ConstrType_CONSTR_NULL
		if d.def.NotNull && null || d.null && !null {
			return sqlerr.New(sqlerr.SyntaxError, "conflicting NULL/NOT NULL constraints")
		}
		d.def.NotNull, d.null = !null, null
		return nil
	case pg.ConstrType_CONSTR_CHECK:
		return d.check(c)
	case pg.ConstrType_CONSTR_UNIQUE:
		return impossible("unique")
	case pg.ConstrType_CONSTR_PRIMARY:
		return impossible("primary key")
	case pg.ConstrType_CONSTR_EXCLUSION:
		return impossible("exclusion")
	case pg.ConstrType_CONSTR_FOREIGN:
		return impossible("foreign key")
	case pg.ConstrType_CONSTR_ATTR_DEFERRABLE, pg.ConstrType_CONSTR_ATTR_NOT_DEFERRABLE, pg.ConstrType_CONSTR_ATTR_DEFERRED,
		pg.ConstrType_CONSTR_ATTR_IMMEDIATE:
		return sqlerr.New(sqlerr.FeatureNotSupported, "specifying constraint deferrability not supported for domains")
	}
	return unsupported("this constraint of a domain")
}

// setDefault takes a default, nil for none.
func (d *domainDefinition) setDefault(n *pg.Node) error {
	d.def.Default = ""
	if n == nil {
		return nil
	}
	e, err := d.b.bindDefault(n, &catalog.Column{Name: d.name, Type: sqltype.BaseOf(d.def.Base)})
	if err != nil {
		return err
	}
	if len(sequencesIn(e)) > 0 {
		return unsupported("a default of a domain from a sequence")
	}
	d.def.Default, err = d.b.storedDefault(n, &catalog.Column{Type: d.def.Base})
	return err
}

// check adds a CHECK; one without a name gets one.
func (d *domainDefinition) check(c *pg.Constraint) error {
	if c.IsNoInherit {
		return sqlerr.New(sqlerr.InvalidObjectDefinition, "check constraints for domains cannot be marked NO INHERIT")
	}
	row := valueRow(sqltype.BaseOf(d.def.Base))
	if _, err := d.b.rowCondition(row, c.RawExpr); err != nil {
		return err
	}
	text, pretty, err := d.b.storedRule(row, c.RawExpr, func(b *binder, n *pg.Node) (plan.Expr, error) { return b.rowCondition(row, n) })
	if err != nil {
		return err
	}
	if pretty == "" {
		text = upperValue(text)
	}
	name, has := c.Conname, func(name string) bool { return d.index(name) >= 0 }
	if name == "" {
		want := objectName(d.name, "", "check")
		name = want
		for i := 1; has(name); i++ {
			name = want + strconv.Itoa(i)
		}
	} else if has(name) {
		return sqlerr.New(sqlerr.DuplicateObject, "constraint \"%s\" for domain \"%s\" already exists", name, d.name)
	}
	d.def.Checks = append(d.def.Checks, catalog.Check{Name: name, Expr: text, Pretty: pretty, NotValid: c.SkipValidation})
	return nil
}

func (d *domainDefinition) index(name string) int {
	return slices.IndexFunc(d.def.Checks, func(c catalog.Check) bool { return c.Name == name })
}

// DomainChange is what an ALTER DOMAIN makes of a domain, and what values that are there must meet.
type DomainChange struct {
	Check   string // a condition over VALUE, empty = none
	NotNull bool
	// Missing is the constraint that is to go and is not there, which is fine.
	Missing string
}

// AlterDomain changes the definition of a domain, a copy, as a statement says.
func AlterDomain(s *parse.AlterDomain, domain *catalog.Relation, cat catalog.Reader, o Options) (DomainChange, error) {
	out, err := alterDomain(s, domain, cat, o)
	return out, placeless(err)
}

func alterDomain(s *parse.AlterDomain, domain *catalog.Relation, cat catalog.Reader, o Options) (out DomainChange, err error) {
	o.NoParams = true
	d := &domainDefinition{b: newBinder(cat, o), name: domain.Name, def: domain.UserType.Domain}
	if s.New != "" {
		return out, d.rename(s.Old, s.New)
	}
	switch n := s.Stmt; n.Subtype {
	case "T":
		return out, d.setDefault(n.Def)
	case "N":
		d.def.NotNull = false
	case "O":
		out.NotNull = !d.def.NotNull
		d.def.NotNull = true
	case "C":
		c := n.Def.GetConstraint()
		if c.Contype != pg.ConstrType_CONSTR_CHECK {
			return out, d.constraint(c)
		}
		if err := d.check(c); err != nil {
			return out, err
		}
		if last := &d.def.Checks[len(d.def.Checks)-1]; !last.NotValid {
			out.Check = last.Expr
		}
	case "X":
		at := d.index(n.Name)
		switch {
		case at >= 0:
			d.def.Checks = slices.Delete(d.def.Checks, at, at+1)
		case n.MissingOk:
			out.Missing = n.Name
		default:
			return out, sqlerr.New(sqlerr.UndefinedObject, "constraint \"%s\" of domain \"%s\" does not exist", n.Name, d.name)
		}
	case "V":
		at := d.index(n.Name)
		if at < 0 {
			return out, sqlerr.New(sqlerr.UndefinedObject, "constraint \"%s\" of domain \"%s\" does not exist", n.Name, d.name)
		}
		if c := &d.def.Checks[at]; c.NotValid {
			c.NotValid, out.Check = false, c.Expr
		}
	default:
		return out, unsupported("this form of ALTER DOMAIN")
	}
	dependOnTypes(domain, d.b.types)
	return out, nil
}

func (d *domainDefinition) rename(old, name string) error {
	at := d.index(old)
	switch {
	case at < 0:
		return sqlerr.New(sqlerr.UndefinedObject, "constraint \"%s\" for domain %s does not exist", old, d.name)
	case d.index(name) >= 0:
		return sqlerr.New(sqlerr.DuplicateObject, "constraint \"%s\" for domain %s already exists", name, d.name)
	}
	d.def.Checks[at].Name = name
	return nil
}

// OverColumn is a condition over VALUE as one over a column.
func OverColumn(condition, column string) (string, error) {
	n, err := storedExpr(condition)
	if err != nil {
		return "", err
	}
	parse.EachMessage(n.ProtoReflect(), func(m any) {
		if ref, ok := m.(*pg.ColumnRef); ok {
			if parts, star := refParts(ref); len(parts) == 1 && !star && parts[0] == "value" {
				ref.Fields = []*pg.Node{pg.MakeStrNode(column)}
			}
		}
	})
	return deparseExpr(n)
}

// domainDefault is the default that a domain has; "" = none, or no domain.
func (b *binder) domainDefault(t sqltype.OID) string {
	rel, ok := b.cat.ByOID(catalog.OID(t))
	if !sqltype.IsDomain(t) || !ok || rel.UserType == nil || rel.UserType.Domain == nil {
		return ""
	}
	return rel.UserType.Domain.Default
}

// upperValue writes VALUE in a condition as PostgreSQL shows it.
func upperValue(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); {
		if c := text[i]; c == '\'' || c == '"' {
			end := i + 1
			for end < len(text) && text[end] != c {
				end++
			}
			end = min(end+1, len(text))
			out.WriteString(text[i:end])
			i = end
			continue
		}
		end := i
		for end < len(text) && (text[end] == '_' || text[end] >= '0' && text[end] <= '9' || text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z' || text[end] >= 0x80) {
			end++
		}
		word := text[i:max(end, i+1)]
		if i += len(word); word == "value" {
			word = "VALUE"
		}
		out.WriteString(word)
	}
	return out.String()
}
