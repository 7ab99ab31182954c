package bind

import (
	"errors"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// call binds a function call, an aggregate, a cast written as a call, or a window function of
// ours.
func (b *binder) call(n *pg.FuncCall) (plan.Expr, error) {
	name, err := functionName(n)
	if err != nil {
		return nil, err
	}
	if schema, _, qualified := strings.Cut(name, schemaMark); qualified && !b.cat.HasSchema(schema) {
		return nil, sqlerr.New(sqlerr.InvalidSchemaName, "schema \"%s\" does not exist", schema).At(n.Location)
	}
	switch {
	case n.AggWithinGroup:
		return b.withinGroup(name, n)
	case n.FuncVariadic:
		return b.variadicCall(name, n)
	}
	if n.Over != nil {
		return b.windowCall(name, n)
	}
	if hasNamedArgs(n) {
		return b.namedCall(name, n)
	}
	if isHop(name) {
		return b.hopCall(name, n)
	}
	if jsonRecords[name] != nil && !jsonRecords[name].defined {
		return b.populated(name, n)
	}
	if name == "proctime" && len(n.Args) == 0 {
		return b.processingTime(n)
	}
	if mayAggregate(name) {
		return b.aggregateCall(name, n)
	}
	var args []plan.Expr
	if sequenceFunctions[name] && len(n.Args) > 0 {
		args, name, err = b.sequenceArgs(name, n)
	} else {
		args, err = b.exprs(n.Args)
	}
	if err != nil {
		return nil, err
	}
	if _, err := b.resolveFunction(name, args, n.Location); err != nil {
		return nil, withSchema(err, n, name)
	}
	if err := plainCall(name, n); err != nil {
		return nil, err
	}
	return b.callByName(name, args, n.Location)
}

// variadicCall binds f(…, VARIADIC array): what a call spreads is one array here.
func (b *binder) variadicCall(name string, n *pg.FuncCall) (plan.Expr, error) {
	args, err := b.exprs(n.Args)
	if err != nil {
		return nil, err
	}
	in := basesOf(args)
	var cands []candidate
	for _, f := range b.functionsNamed(name) {
		if !f.Variadic || len(f.Args) != len(args) {
			continue
		}
		cands = append(cands, candidate{args: f.Args, ref: f})
	}
	if cands = matching(in, cands); len(cands) > 1 {
		if c := selectCandidate(in, cands); c != nil {
			cands = []candidate{*c}
		}
	}
	if len(cands) != 1 {
		return nil, noFunction(name, signature(name, in), n.Location)
	}
	r := resolved{fn: cands[0].ref.(*builtin.Func), args: cands[0].args, whole: true}
	last := len(args) - 1
	if r.args[last] != sqltype.Any {
		return b.resolvedCall(r, name, args, n.Location)
	}
	if in[last].Elem() == sqltype.Invalid {
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "VARIADIC argument must be an array").At(b.where(args[last]))
	}
	e, err := b.resolvedCall(r, name, args, n.Location)
	if call, ok := e.(*plan.Call); ok {
		call.Spread = true
	}
	return e, err
}

func functionName(n *pg.FuncCall) (string, error) {
	name := n.Funcname[len(n.Funcname)-1].GetString_().GetSval()
	schema := ""
	if len(n.Funcname) > 1 {
		schema = n.Funcname[0].GetString_().GetSval()
	}
	switch {
	case len(n.Funcname) == 2 && schema != "pg_catalog" && schema != "information_schema":
		return schema + schemaMark + name, nil
	case len(n.Funcname) > 2 || schema != "" && schema != "pg_catalog" && (schema != "information_schema" || name != "_pg_expandarray"):
		return "", noFunction("", schema+"."+name, n.Location)
	case schema != "information_schema" && name == "_pg_expandarray":
		return "", noFunction("", name, n.Location)
	}
	return name, nil
}

// withSchema makes an error about a function name it as the call does (extract(…) calls
// pg_catalog.extract).
func withSchema(err error, n *pg.FuncCall, name string) error {
	var e *sqlerr.Error
	if len(n.Funcname) > 1 && errors.As(err, &e) {
		e.Message = strings.Replace(e.Message, "function "+name+"(", "function pg_catalog."+name+"(", 1)
	}
	return err
}

// plainCall refuses what only aggregates take.
func plainCall(name string, n *pg.FuncCall) error {
	for _, c := range []struct {
		is   bool
		what string
	}{
		{n.AggStar, name + "(*)"}, {n.AggDistinct, "DISTINCT"}, {len(n.AggOrder) > 0, "ORDER BY"}, {n.AggFilter != nil, "FILTER"},
	} {
		if c.is && len(builtin.FuncsByName(name)) > 0 {
			return sqlerr.New(sqlerr.WrongObjectType, "%s specified, but %s is not an aggregate function", c.what, name).At(n.Location)
		}
	}
	return nil
}

// callByName resolves and builds a call of a plain function.
func (b *binder) callByName(name string, args []plan.Expr, pos int32) (plan.Expr, error) {
	r, err := b.resolveFunction(name, args, pos)
	if err != nil {
		return nil, err
	}
	if r.cast != sqltype.Invalid {
		return b.coerceTo(args[0], sqltype.Of(r.cast), explicit, pos)
	}
	return b.resolvedCall(r, name, args, pos)
}

func (b *binder) resolvedCall(r resolved, name string, args []plan.Expr, pos int32) (_ plan.Expr, err error) {
	switch {
	case r.fn.Kind == builtin.KindWindow:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "window function %s requires an OVER clause", name).At(pos)
	case r.fn.RetSet && r.fn.OID < uint32(catalog.FirstOID):
		if err := b.setAllowed(r.fn, pos); err != nil {
			return nil, err
		}
	}
	if err := b.allowedHere(r.fn, len(args), pos); err != nil {
		return nil, err
	}
	args, err = b.toArgs(args, r)
	if err != nil {
		return nil, err
	}
	if args, err = b.defaultArgs(r.fn, args, pos); err != nil {
		return nil, err
	}
	if rel := b.userFunction(r.fn); rel != nil {
		return b.userCall(rel, args, resultType(r, args), pos)
	}
	out := &plan.Call{Func: plan.FuncID(r.fn.OID), Args: args, T: resultTypeMod(r, args), Pos: pos}
	if r.fn.RetSet {
		if out.T.OID == builtin.Record {
			out.T = recordOf(out)
		}
		return b.at(out, pos), nil
	}
	return b.tumbleFunction(out, pos)
}

// basesOf are typesOf without domains: what calls and operators are looked for by.
func basesOf(args []plan.Expr) []sqltype.OID {
	out := typesOf(args)
	for i := range out {
		out[i] = out[i].Base()
	}
	return out
}

func typesOf(args []plan.Expr) []sqltype.OID {
	out := make([]sqltype.OID, len(args))
	for i, a := range args {
		out[i] = a.Type().OID
	}
	return out
}

// toArgs makes the arguments those that the function declares; those of VARIADIC arrays become one array.
func (b *binder) toArgs(args []plan.Expr, r resolved) ([]plan.Expr, error) {
	pos := int32(-1)
	for _, a := range args {
		if pos = b.where(a); a.Type().OID == sqltype.Unknown {
			break
		}
	}
	out, _, err := b.fit(args, r.args, r.fn.Ret, pos)
	if err != nil || r.whole || !r.fn.Variadic {
		return out, err
	}
	at := len(r.fn.Args) - 1
	if t := r.fn.Args[at]; isArray(t) {
		list := &plan.Call{Func: plan.FuncID(builtin.ArrayOfElements), Args: out[at:], T: sqltype.Of(t), Pos: pos}
		out = append(out[:at:at], b.at(list, pos))
	}
	return out, nil
}

// resultTypeMod is resultType; of records it says which fields they have, where an argument does.
func resultTypeMod(r resolved, args []plan.Expr) sqltype.Type {
	t := sqltype.Of(resultType(r, args))
	if t.OID != sqltype.Record && t.OID != sqltype.RecordArray {
		return t
	}
	for _, a := range args {
		if in := a.Type(); in.OID == sqltype.Record || in.OID == sqltype.RecordArray {
			t.Mod = in.Mod
			break
		}
	}
	return t
}

// resultType is what a call returns, its arguments being those of toArgs.
func resultType(r resolved, args []plan.Expr) sqltype.OID {
	if !polymorphic(r.fn.Ret) {
		return r.fn.Ret
	}
	s, _ := standInsOf(typesOf(args), r.args)
	t, err := s.of(r.fn.Ret)
	if err != nil {
		return r.fn.Ret
	}
	return t
}

// defaultArgs appends the values of arguments that were left out.
func (b *binder) defaultArgs(f *builtin.Func, args []plan.Expr, pos int32) ([]plan.Expr, error) {
	if f.Variadic || len(args) >= len(f.Args) {
		return args, nil
	}
	if rel := b.userFunction(f); rel != nil {
		for i := len(args); i < len(f.Args); i++ {
			e, err := b.userDefault(rel, i)
			if err != nil {
				return nil, inFunction(err, pos)
			}
			args = append(args, e)
		}
		return args, nil
	}
	texts := builtin.DefaultArgs(f)
	for i := len(args); i < len(f.Args); i++ {
		text := texts[len(texts)-(len(f.Args)-i)]
		if len(text) > 1 && text[0] == '\'' {
			text = text[1 : len(text)-1]
		}
		c, err := b.literal(sqltype.Of(f.Args[i]), text)
		if err != nil {
			return nil, located(err, pos)
		}
		args = append(args, c)
	}
	return args, nil
}

// clockFunctions are stable functions that speak of the moment or the session; in what runs
// for ever their answer would have no meaning. Other stable functions depend on settings only,
// which a view freezes.
var clockFunctions = map[string]bool{
	"now": true, "transaction_timestamp": true, "statement_timestamp": true, "current_setting": true,
	"current_database": true, "current_schema": true, "current_user": true, "session_user": true, "user": true,
	"txid_current": true, "pg_current_xact_id": true, "pg_postmaster_start_time": true, "pg_conf_load_time": true,
}

// asksCatalog reports whether a function answers by what the catalog has when it is called.
func asksCatalog(name string) bool {
	switch name {
	case "enum_first", "enum_last", "enum_range":
		return true
	case "format_type", "obj_description", "col_description", "shobj_description", "regclass", "current_schemas", "pg_my_temp_schema":
		return true
	}
	for _, prefix := range []string{"pg_get_", "has_", "pg_has_", "to_reg"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return strings.HasPrefix(name, "pg_") && (strings.HasSuffix(name, "_is_visible") || strings.HasSuffix(name, "_size"))
}

// allowedHere refuses functions whose value depends on when they run, where they would run
// for ever.
func (b *binder) allowedHere(f *builtin.Func, nargs int, pos int32) error {
	if !b.opts.Continuous || f.OID >= uint32(catalog.FirstOID) { // of a user's function its text is asked
		return nil
	}
	if (f.Name == "now" || f.Name == "transaction_timestamp") && (b.lv.place == inWhere || b.lv.place == inHaving || b.lv.place == inJoin) {
		return nil // see passable
	}
	if f.Volatile == 'v' || clockFunctions[f.Name] || asksCatalog(f.Name) || (f.Name == "age" && nargs == 1) {
		return notInView("function " + f.Name + "()").At(pos)
	}
	return nil
}

func notInView(what string) *sqlerr.Error {
	return sqlerr.New(sqlerr.FeatureNotSupported, "%s is not supported in a continuous query", what).
		WithHint("Its value depends on when it is read. Use a column with the event time, compare with now() in WHERE, or filter when you read the view.")
}
