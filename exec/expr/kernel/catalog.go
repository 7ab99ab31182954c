package kernel

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/internal/delta"
	sqlident "github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// Functions of the catalogs. They ask the session's plan.Catalog; what runs for ever has none.
func init() {
	kernels(map[string]Kernel{
		"pg_get_expr": exprText(false), "pg_get_expr_ext": exprText(true),
		"pg_get_indexdef": about(func(x plan.Catalog, c *Call, row int32, oid uint32) (string, bool) { return x.IndexDef(oid, 0, false) }),
		"pg_get_indexdef_ext": about(func(x plan.Catalog, c *Call, row int32, oid uint32) (string, bool) {
			return x.IndexDef(oid, delta.Values[int32](c.Args[1])[c.Args[1].At(row)], isTrue(c.Args[2], row))
		}),
		"pg_get_constraintdef":     about(constraintDef),
		"pg_get_constraintdef_ext": about(constraintDef),
		"pg_get_viewdef":           about(viewDef), "pg_get_viewdef_ext": about(viewDef), "pg_get_viewdef_wrap": about(viewDef),
		"pg_get_viewdef_name": viewNamed, "pg_get_viewdef_name_ext": viewNamed,
		"pg_get_userbyid": about(func(x plan.Catalog, _ *Call, _ int32, oid uint32) (string, bool) {
			if name, ok := x.Role(oid); ok {
				return name, true
			}
			return "unknown (OID=" + string(appendNumber(nil, oid)) + ")", true
		}),
		"pg_get_function_arguments": about(func(x plan.Catalog, _ *Call, _ int32, oid uint32) (string, bool) {
			s, _, _, ok := x.Function(oid)
			return s, ok
		}),
		"pg_get_function_identity_arguments": about(func(x plan.Catalog, _ *Call, _ int32, oid uint32) (string, bool) {
			_, s, _, ok := x.Function(oid)
			return s, ok
		}),
		"pg_get_function_result": about(func(x plan.Catalog, _ *Call, _ int32, oid uint32) (string, bool) {
			_, _, s, ok := x.Function(oid)
			return s, ok
		}),
		"format_type": formatType,
		"pg_relation_is_updatable": fn2c(func(c *Call, oid int32, _ bool) (int32, Err) {
			x, err := catalogOf(c)
			if err != nil {
				return 0, err
			}
			events, _ := x.Updatable(uint32(oid))
			return events, nil
		}),
		"pg_column_is_updatable": fn3c(func(c *Call, oid int32, attnum int16, _ bool) (bool, Err) {
			x, err := catalogOf(c)
			if err != nil {
				return false, err
			}
			_, columns := x.Updatable(uint32(oid))
			return slices.Contains(columns, attnum), nil
		}),
		// Of what nobody can create here there is nothing to show.
		"pg_get_triggerdef": about(nothing), "pg_get_triggerdef_ext": about(nothing), "pg_get_ruledef": about(nothing),
		"pg_get_ruledef_ext": about(nothing), "pg_get_partkeydef": about(nothing), "pg_get_statisticsobjdef_columns": about(nothing),
		"pg_get_function_sqlbody": about(func(x plan.Catalog, _ *Call, _ int32, oid uint32) (string, bool) { return x.FunctionBody(oid) }),
		"pg_get_functiondef":      about(func(x plan.Catalog, _ *Call, _ int32, oid uint32) (string, bool) { return x.FunctionDef(oid) }),
		"pg_tablespace_location":  about(func(plan.Catalog, *Call, int32, uint32) (string, bool) { return "", true }),

		"pg_table_is_visible":     visible("pg_class"),
		"pg_type_is_visible":      visible("pg_type"),
		"pg_function_is_visible":  visible("pg_proc"),
		"pg_operator_is_visible":  visible("pg_operator"),
		"pg_collation_is_visible": visible("pg_collation"),
		"pg_opclass_is_visible":   visible("pg_opclass"), "pg_opfamily_is_visible": visible("pg_opfamily"),
		"pg_conversion_is_visible": visible("pg_conversion"), "pg_ts_config_is_visible": visible("pg_ts_config"),
		"pg_ts_dict_is_visible": visible("pg_ts_dict"), "pg_ts_parser_is_visible": visible("pg_ts_parser"),
		"pg_ts_template_is_visible": visible("pg_ts_template"), "pg_statistics_obj_is_visible": visible(""),

		"to_regclass": toReg(sqltype.Regclass), "to_regtype": toReg(sqltype.Regtype), "to_regproc": toReg(sqltype.Regproc),
		"to_regprocedure": toReg(sqltype.Regprocedure), "to_regnamespace": toReg(sqltype.Regnamespace), "to_regrole": toReg(sqltype.Regrole),
		"to_regoper": toReg(sqltype.Regoper), "to_regoperator": toReg(sqltype.Regoperator),
		"text_regclass": fn1c(func(c *Call, name string) (int32, Err) {
			x, err := catalogOf(c)
			if err != nil {
				return 0, err
			}
			oid, e := x.OIDOf(sqltype.Regclass, strings.Clone(name))
			return int32(oid), userErr(e)
		}),
		"pg_typeof": func(c *Call) {
			put := kindOf[int32]().store(c)
			for _, i := range c.Sel {
				put(i, int32(c.Args[0].Type))
			}
		},
		"pg_is_other_temp_schema": fn1(func(int32) bool { return false }),
		"pg_my_temp_schema": fn0c(func(c *Call) (int32, Err) {
			x, err := catalogOf(c)
			if err != nil {
				return 0, err
			}
			return int32(x.TempSchema()), nil
		}),
		"row_security_active": fn1c(func(c *Call, oid int32) (bool, Err) {
			x, err := catalogOf(c)
			if err != nil {
				return false, err
			}
			return x.RowSecurityActive(uint32(oid), x.CurrentRole()), nil
		}),
		"row_security_active_name": fn1c(func(c *Call, name string) (bool, Err) {
			x, err := catalogOf(c)
			if err != nil {
				return false, err
			}
			oid, e := x.OIDOf(sqltype.Regclass, strings.Clone(name))
			if e != nil {
				return false, userErr(e)
			}
			return x.RowSecurityActive(oid, x.CurrentRole()), nil
		}),
		"pg_relation_is_publishable": fn1(func(oid int32) bool { return uint32(oid) >= 16384 }),
		"pg_is_in_recovery":          fn0c(func(*Call) (bool, Err) { return false, nil }),
		"pg_jit_available":           fn0c(func(*Call) (bool, Err) { return false, nil }),
		"PG_encoding_to_char": fn1(func(n int32) string {
			if n < 0 || int(n) >= len(encodings) {
				return ""
			}
			return encodings[n]
		}),
		"PG_char_to_encoding": fn1(func(name string) int32 {
			plain := strings.NewReplacer("-", "", "_", "", " ", "")
			name = strings.ToUpper(plain.Replace(name))
			if name == "UNICODE" {
				name = "UTF8"
			}
			return int32(slices.IndexFunc(encodings, func(e string) bool { return plain.Replace(e) == name }))
		}),
		"getdatabaseencoding": fn0c(func(*Call) (string, Err) { return "UTF8", nil }),
	})
	kernelsOf(map[uint32]Kernel{
		1215: fn2c(func(c *Call, oid int32, class string) (string, Err) { return comment(c, oid, class, 0) }),
		1348: fn1c(func(c *Call, oid int32) (string, Err) { return comment(c, oid, "", 0) }),
		1216: fn2c(func(c *Call, oid, column int32) (string, Err) { return comment(c, oid, "pg_class", column) }),
		1993: fn2c(func(c *Call, oid int32, class string) (string, Err) { return comment(c, oid, class, 0) }),
	})
}

// encodings are PostgreSQL's, by number.
var encodings = strings.Fields(`SQL_ASCII EUC_JP EUC_CN EUC_KR EUC_TW EUC_JIS_2004 UTF8 MULE_INTERNAL LATIN1 LATIN2 LATIN3 LATIN4 LATIN5 LATIN6 LATIN7 LATIN8 LATIN9 LATIN10 WIN1256 WIN1258 WIN866 WIN874 KOI8R WIN1251 WIN1252 ISO_8859_5 ISO_8859_6 ISO_8859_7 ISO_8859_8 WIN1250 WIN1253 WIN1254 WIN1255 WIN1257 KOI8U SJIS BIG5 GBK UHC GB18030 JOHAB SHIFT_JIS_2004`)

func catalogOf(c *Call) (plan.Catalog, Err) {
	if s := c.Env.Settings.Session; s != nil && s.Catalog != nil {
		return s.Catalog, nil
	}
	return nil, sqlerr.New(sqlerr.FeatureNotSupported, "the catalog cannot be asked here")
}

func appendNumber(dst []byte, oid uint32) []byte {
	if oid >= 10 {
		dst = appendNumber(dst, oid/10)
	}
	return append(dst, byte('0'+oid%10))
}

// about is a function of an object whose OID is the first argument; false makes it NULL.
func about(f func(x plan.Catalog, c *Call, row int32, oid uint32) (string, bool)) Kernel {
	return func(c *Call) {
		load, put := kindOf[int32]().load(c.Args[0]), kindOf[string]().store(c)
		x, err := catalogOf(c)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			if err != nil {
				c.finish(i, err)
				continue
			}
			text, ok := f(x, c, i, uint32(load(i)))
			if !ok {
				c.finish(i, errNull)
				continue
			}
			put(i, text)
		}
	}
}

func nothing(plan.Catalog, *Call, int32, uint32) (string, bool) { return "", false }

func constraintDef(x plan.Catalog, c *Call, row int32, oid uint32) (string, bool) {
	return x.ConstraintDef(oid, len(c.Args) > 1 && isTrue(c.Args[1], row))
}

func viewDef(x plan.Catalog, _ *Call, _ int32, oid uint32) (string, bool) { return x.ViewDef(oid) }

// viewNamed is pg_get_viewdef of a name.
var viewNamed = func(c *Call) {
	load, put := kindOf[string]().load(c.Args[0]), kindOf[string]().store(c)
	x, err := catalogOf(c)
	for _, i := range c.Sel {
		if err != nil {
			c.finish(i, err)
			continue
		}
		oid, e := x.OIDOf(sqltype.Regclass, strings.Clone(load(i)))
		if e != nil {
			c.finish(i, userErr(e))
			continue
		}
		text, ok := x.ViewDef(oid)
		if !ok {
			c.finish(i, errNull)
			continue
		}
		put(i, text)
	}
}

// exprText is pg_get_expr: expressions are kept as their text. With the third argument it is pretty.
func exprText(mayPretty bool) Kernel {
	return func(c *Call) {
		load, put := kindOf[string]().load(c.Args[0]), kindOf[string]().store(c)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			text := load(i)
			if mayPretty && isTrue(c.Args[2], i) {
				text = pgcatalog.Pretty(text)
			}
			put(i, text)
		}
	}
}

func isTrue(a *delta.Column, row int32) bool { return a.Data[a.At(row)] != 0 }

// formatType is format_type, whose modifier may be NULL.
func formatType(c *Call) {
	load, put := kindOf[int32]().load(c.Args[0]), kindOf[string]().store(c)
	x, err := catalogOf(c)
	for _, i := range c.Sel {
		switch {
		case c.stopped():
			return
		case err != nil:
			c.finish(i, err)
		case c.Args[0].Null(i):
			c.finish(i, errNull)
		default:
			mod, m := int32(-1), c.Args[1]
			if !m.Null(i) {
				mod = delta.Values[int32](m)[m.At(i)]
			}
			text := x.TypeText(uint32(load(i)), mod)
			if bare := unboundedNames[sqltype.OID(load(i))]; bare != "" && !m.Null(i) && mod < 0 {
				text = bare
			}
			put(i, text)
		}
	}
}

// unboundedNames are types whose usual name without a length means one of length 1: of no length at all they are called so.
var unboundedNames = map[sqltype.OID]string{sqltype.BPChar: "bpchar", sqltype.Bit: `"bit"`}

// visible is pg_…_is_visible for the objects of a catalog, "" for one that has none here.
func visible(class string) Kernel {
	return fn1c(func(c *Call, oid int32) (bool, Err) {
		x, err := catalogOf(c)
		if err != nil {
			return false, err
		}
		yes, ok := x.Visible(class, uint32(oid))
		if !ok {
			return false, errNull
		}
		return yes, nil
	})
}

// toReg is to_reg…: NULL for what is not there.
func toReg(t sqltype.OID) Kernel {
	return fn1c(func(c *Call, name string) (int32, Err) {
		x, err := catalogOf(c)
		if err != nil {
			return 0, err
		}
		if parts, ok := sqlident.Split(name); ok && len(parts) > 1 && (t == sqltype.Regrole || t == sqltype.Regnamespace) {
			return 0, sqlerr.New(sqlerr.InvalidName, "invalid name syntax")
		}
		oid, e := x.OIDOf(t, strings.Clone(name))
		failed := userErr(e)
		if failed == nil || failed.Code == sqlerr.InvalidName || failed.Code == sqlerr.SyntaxError || failed.Code == sqlerr.InvalidTextRepresentation {
			return int32(oid), failed
		}
		return 0, errNull
	})
}

// comment is obj_description and its kin.
func comment(c *Call, oid int32, class string, sub int32) (string, Err) {
	x, err := catalogOf(c)
	if err != nil {
		return "", err
	}
	in := uint32(0)
	if class != "" {
		id, e := x.OIDOf(sqltype.Regclass, "pg_catalog."+class)
		if e != nil {
			return "", errNull
		}
		in = id
	}
	text, ok := x.Comment(uint32(oid), in, sub)
	if !ok {
		return "", errNull
	}
	return text, nil
}
