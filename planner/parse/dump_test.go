package parse

import (
	"fmt"
	"reflect"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// dump prints a body with its non-zero fields; trees are printed as SQL.
func dump(v any) string {
	if s, ok := deparse(v); ok {
		return s
	}
	rv := reflect.ValueOf(v)
	if !rv.IsValid() {
		return "nil"
	}
	switch rv.Kind() {
	case reflect.Pointer:
		if rv.IsNil() {
			return "nil"
		}
		return dump(rv.Elem().Interface())
	case reflect.Struct:
		var fields []string
		for i := range rv.NumField() {
			f := rv.Field(i)
			if f.IsZero() || (f.Kind() == reflect.Int32 && f.Int() == -1) {
				continue
			}
			fields = append(fields, rv.Type().Field(i).Name+":"+dump(f.Interface()))
		}
		return rv.Type().Name() + "{" + strings.Join(fields, " ") + "}"
	case reflect.Slice:
		var items []string
		for i := range rv.Len() {
			items = append(items, dump(rv.Index(i).Interface()))
		}
		return "[" + strings.Join(items, " ") + "]"
	case reflect.String:
		if s, ok := v.(fmt.Stringer); ok {
			return s.String()
		}
		return fmt.Sprintf("%q", rv.String())
	}
	return fmt.Sprint(v)
}

func deparse(v any) (string, bool) {
	var n *pg.Node
	switch v := v.(type) {
	case *pg.SelectStmt:
		n = &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: v}}
	case *pg.InsertStmt:
		n = &pg.Node{Node: &pg.Node_InsertStmt{InsertStmt: v}}
	case *pg.UpdateStmt:
		n = &pg.Node{Node: &pg.Node_UpdateStmt{UpdateStmt: v}}
	case *pg.DeleteStmt:
		n = &pg.Node{Node: &pg.Node_DeleteStmt{DeleteStmt: v}}
	case *pg.MergeStmt:
		n = &pg.Node{Node: &pg.Node_MergeStmt{MergeStmt: v}}
	case *pg.CreateStmt:
		n = &pg.Node{Node: &pg.Node_CreateStmt{CreateStmt: v}}
	case *pg.IndexStmt:
		n = &pg.Node{Node: &pg.Node_IndexStmt{IndexStmt: v}}
	case *pg.Node:
		sel, err := pg.Parse("SELECT 1")
		if err != nil {
			return err.Error(), true
		}
		sel.Stmts[0].Stmt.GetSelectStmt().TargetList[0].GetResTarget().Val = v
		n = sel.Stmts[0].Stmt
	default:
		return "", false
	}
	if reflect.ValueOf(v).IsNil() {
		return "nil", true
	}
	out, err := pg.Deparse(&pg.ParseResult{Stmts: []*pg.RawStmt{{Stmt: n}}})
	if err != nil {
		return "deparse: " + err.Error(), true
	}
	return "`" + out + "`", true
}
