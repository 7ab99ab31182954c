package bind

import (
	"math"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// SequenceDef is a bound CREATE or ALTER SEQUENCE.
type SequenceDef struct {
	Sequence *catalog.Sequence
	// Restart is the next value that ALTER … RESTART asks for, nil = none.
	Restart *int64
	// Owner is what OWNED BY names: a table and a column; nil = it is not there, an empty name = NONE.
	Owner *parse.Name
}

// CreateSequence binds the options of a new sequence.
func CreateSequence(options []*pg.Node, cat catalog.Reader, o Options) (*SequenceDef, error) {
	return newBinder(cat, o).sequence(&catalog.Sequence{Type: sqltype.Int8, Increment: 1, Cache: 1}, options, true)
}

// AlterSequence binds the options that change one.
func AlterSequence(now *catalog.Sequence, options []*pg.Node, cat catalog.Reader, o Options) (*SequenceDef, error) {
	changed := *now
	return newBinder(cat, o).sequence(&changed, options, false)
}

// NewSchema is the schema in which a name is created.
func NewSchema(n parse.Name, cat catalog.Reader, o Options) (string, error) {
	return newBinder(cat, o).newSchema(n)
}

var sequenceRanges = map[sqltype.OID][2]int64{
	sqltype.Int2: {math.MinInt16, math.MaxInt16}, sqltype.Int4: {math.MinInt32, math.MaxInt32}, sqltype.Int8: {math.MinInt64, math.MaxInt64},
}

// sequence applies options to q, as PostgreSQL's init_params does.
//
//lint:dispatch
func (b *binder) sequence(q *catalog.Sequence, options []*pg.Node, fresh bool) (*SequenceDef, error) {
	out := &SequenceDef{Sequence: q}
	seen := map[string]*pg.DefElem{}
	for _, n := range options {
		d := n.GetDefElem()
		if seen[d.Defname] != nil {
			return nil, sqlerr.New(sqlerr.SyntaxError, "conflicting or redundant options").At(d.Location)
		}
		seen[d.Defname] = d
	}
	number := func(name string) (int64, bool, error) {
		d := seen[name]
		if d == nil || d.Arg == nil {
			return 0, false, nil
		}
		v, err := integerOf(d.Arg)
		return v, err == nil, err
	}
	was := q.Type
	if d := seen["as"]; d != nil {
		t, err := b.typeOf(d.Arg.GetTypeName())
		if err != nil {
			return nil, err
		}
		if _, ok := sequenceRanges[t.OID]; !ok {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "sequence type must be smallint, integer, or bigint")
		}
		q.Type = t.OID
	}
	if v, ok, err := number("increment"); err != nil {
		return nil, err
	} else if ok {
		if v == 0 {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "INCREMENT must not be zero")
		}
		q.Increment = v
	}
	if d := seen["cycle"]; d != nil {
		q.Cycle = d.Arg.GetBoolean().GetBoolval()
	}
	if err := sequenceBounds(q, was, seen, number, fresh); err != nil {
		return nil, err
	}
	if v, ok, err := number("start"); err != nil {
		return nil, err
	} else if ok {
		q.Start = v
	} else if fresh {
		if q.Start = q.Min; q.Increment < 0 {
			q.Start = q.Max
		}
	}
	switch {
	case q.Start < q.Min:
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "START value (%d) cannot be less than MINVALUE (%d)", q.Start, q.Min)
	case q.Start > q.Max:
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "START value (%d) cannot be greater than MAXVALUE (%d)", q.Start, q.Max)
	}
	if d := seen["restart"]; d != nil {
		v := q.Start
		if at, ok, err := number("restart"); err != nil {
			return nil, err
		} else if ok {
			v = at
		}
		switch {
		case v < q.Min:
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "RESTART value (%d) cannot be less than MINVALUE (%d)", v, q.Min)
		case v > q.Max:
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "RESTART value (%d) cannot be greater than MAXVALUE (%d)", v, q.Max)
		}
		out.Restart = &v
	}
	if v, ok, err := number("cache"); err != nil {
		return nil, err
	} else if ok {
		if v <= 0 {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "CACHE (%d) must be greater than zero", v)
		}
		q.Cache = v
	}
	if d := seen["owned_by"]; d != nil {
		n, err := ownerName(d)
		if err != nil {
			return nil, err
		}
		out.Owner = n
	}
	return out, nil
}

// sequenceBounds applies MINVALUE and MAXVALUE.
func sequenceBounds(q *catalog.Sequence, was sqltype.OID, seen map[string]*pg.DefElem, number func(string) (int64, bool, error), fresh bool) error {
	low, high := sequenceRanges[q.Type][0], sequenceRanges[q.Type][1]
	for _, side := range []struct {
		name  string
		bound *int64
		far   bool // the bound that the sequence runs to
		limit int64
		first int64
		was   int64 // the limit of the type before this statement: a bound that was it is that of the new type
	}{
		{"maxvalue", &q.Max, q.Increment > 0, high, -1, sequenceRanges[was][1]}, {"minvalue", &q.Min, q.Increment < 0, low, 1, sequenceRanges[was][0]},
	} {
		v, ok, err := number(side.name)
		switch {
		case err != nil:
			return err
		case ok:
			*side.bound = v
		case (fresh || seen[side.name] != nil) && side.far || *side.bound == side.was && !fresh:
			*side.bound = side.limit
		case fresh || seen[side.name] != nil:
			*side.bound = side.first
		}
		if *side.bound < low || *side.bound > high {
			return sqlerr.New(sqlerr.InvalidParameterValue, "%s (%d) is out of range for sequence data type %s",
				strings.ToUpper(side.name), *side.bound, displayType(q.Type))
		}
	}
	if q.Min >= q.Max {
		return sqlerr.New(sqlerr.InvalidParameterValue, "MINVALUE (%d) must be less than MAXVALUE (%d)", q.Min, q.Max)
	}
	return nil
}

// integerOf is the value of a numeric option.
func integerOf(n *pg.Node) (int64, error) {
	if n.GetInteger() != nil {
		return int64(n.GetInteger().Ival), nil
	}
	text := n.GetFloat().GetFval()
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "value \"%s\" is out of range for type bigint", text)
	}
	return v, nil
}

// ownerName is table.column of OWNED BY, as a Name whose Name is the column.
func ownerName(d *pg.DefElem) (*parse.Name, error) {
	var parts []string
	for _, p := range d.Arg.GetList().GetItems() {
		parts = append(parts, p.GetString_().GetSval())
	}
	switch {
	case len(parts) == 1 && parts[0] == "none":
		return &parse.Name{Pos: -1}, nil
	case len(parts) < 2 || len(parts) > 3:
		return nil, sqlerr.New(sqlerr.SyntaxError, "invalid OWNED BY option").WithHint("Specify OWNED BY table.column or OWNED BY NONE.")
	}
	n := &parse.Name{Name: parts[len(parts)-1], Schema: parts[len(parts)-2], Pos: -1}
	if len(parts) == 3 {
		n.Catalog = parts[0]
	}
	return n, nil
}

// sequenceFunctions take a sequence first.
var sequenceFunctions = map[string]bool{"nextval": true, "currval": true, "setval": true}

// sequenceArgs binds the arguments of a function of sequences, and says which function it is. A name written as a literal is looked up
// now, so that what is stored means the sequence and not the name.
func (b *binder) sequenceArgs(name string, n *pg.FuncCall) ([]plan.Expr, string, error) {
	first := n.Args[0]
	if c := first.GetTypeCast(); c != nil && lastOf(c.TypeName.GetNames()) == "regclass" {
		first = c.Arg
	}
	text := first.GetAConst().GetSval()
	if text == nil {
		args, err := b.exprs(append([]*pg.Node{first}, n.Args[1:]...))
		if err == nil && slices.Contains([]sqltype.OID{sqltype.Text, sqltype.Varchar, sqltype.Unknown}, args[0].Type().OID) {
			name += "_by_name" // as PostgreSQL's cast of text to regclass
		}
		return args, name, err
	}
	rel, err := SequenceNamed(b.cat, text.Sval, b.opts.Settings.SearchPath)
	if err != nil {
		return nil, name, located(err, first.GetAConst().Location)
	}
	rest, err := b.exprs(n.Args[1:])
	return append([]plan.Expr{b.at(classConst(rel.OID), first.GetAConst().Location)}, rest...), name, err
}

// SequenceNamed finds a sequence by a text as nextval takes it: names may be quoted.
func SequenceNamed(cat catalog.Reader, text string, path []string) (*catalog.Relation, error) {
	schema, name, err := splitName(text)
	if err != nil {
		return nil, err
	}
	rel, ok := cat.Relation(schema, name, path)
	switch {
	case !ok && schema != "" && !cat.HasSchema(schema):
		return nil, sqlerr.New(sqlerr.InvalidSchemaName, "schema \"%s\" does not exist", schema)
	case !ok:
		return nil, sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", text)
	case rel.Kind != catalog.KindSequence:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is not a sequence", rel.Name)
	}
	return rel, nil
}

// splitName reads [schema.]name as regclass does: words in lower case unless they are quoted.
func splitName(text string) (schema, name string, err error) {
	parts, ok := ident.Split(text)
	if !ok || len(parts) > 3 {
		return "", "", sqlerr.New(sqlerr.InvalidName, "invalid name syntax")
	}
	if name = parts[len(parts)-1]; len(parts) > 1 {
		schema = parts[len(parts)-2]
	}
	return schema, name, nil
}

// SplitName is [schema.]name of a text.
func SplitName(text string) (parse.Name, error) {
	schema, name, err := splitName(text)
	return parse.Name{Schema: schema, Name: name, Pos: -1}, err
}

// nextOf is the next value of a sequence as a column's type.
func (b *binder) nextOf(c *catalog.Column) (plan.Expr, error) {
	call := &plan.Call{Func: plan.FuncID(builtin.Nextval), Args: []plan.Expr{classConst(c.Sequence)}, T: sqltype.Of(sqltype.Int8), Pos: -1}
	return b.coerceTo(call, c.Type, assignment, -1)
}

// plainNext is the sequence of an expression that is nextval of it, cast at most; 0 = it is another one.
func plainNext(e plan.Expr) catalog.OID {
	c, ok := e.(*plan.Call)
	if ok && len(c.Args) == 1 && c.Func != plan.FuncID(builtin.Nextval) && c.T.OID != sqltype.Int8 {
		c, ok = c.Args[0].(*plan.Call)
	}
	if !ok || c.Func != plan.FuncID(builtin.Nextval) {
		return 0
	}
	if k, ok := c.Args[0].(*plan.Const); ok {
		return oidOf(k)
	}
	return 0
}

// DefaultUses reports whether the default of a column names a sequence.
func DefaultUses(c *catalog.Column, seq catalog.OID, cat catalog.Reader, o Options) bool {
	if c.Default == "" {
		return c.Sequence == seq
	}
	e, err := newBinder(cat, o).defaultOf(c)
	return err == nil && slices.Contains(sequencesIn(e), seq)
}

// sequencesIn are the sequences that an expression names by OID.
func sequencesIn(e plan.Expr) []catalog.OID {
	var out []catalog.OID
	if c, ok := e.(*plan.Call); ok && len(c.Args) > 0 && slices.Contains([]uint32{builtin.Nextval, builtin.Currval, builtin.Setval, builtin.SetvalGiven}, uint32(c.Func)) {
		if k, ok := c.Args[0].(*plan.Const); ok {
			out = append(out, oidOf(k))
		}
	}
	for _, a := range plan.Children(e) {
		out = append(out, sequencesIn(a)...)
	}
	return out
}
