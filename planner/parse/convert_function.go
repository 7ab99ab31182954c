package parse

import pg "github.com/pganalyze/pg_query_go/v5"

func createFunction(s *pg.CreateFunctionStmt) Body {
	if s.IsProcedure {
		return &Unsupported{What: "CREATE PROCEDURE"}
	}
	return &CreateFunction{Name: qualify(stringsOf(s.Funcname)), Stmt: s}
}

// functionName reads a function with the types of its arguments.
func functionName(o *pg.ObjectWithArgs) FunctionName {
	f := FunctionName{Name: qualify(stringsOf(o.GetObjname())), Any: o.GetArgsUnspecified()}
	for _, a := range o.GetObjargs() {
		if t := a.GetTypeName(); t != nil {
			f.Args = append(f.Args, t)
		}
	}
	return f
}

// dropFunction is nil for what drops no functions.
func dropFunction(s *pg.DropStmt) Body {
	if s.RemoveType != pg.ObjectType_OBJECT_FUNCTION && s.RemoveType != pg.ObjectType_OBJECT_ROUTINE {
		return nil
	}
	d := &DropFunction{IfExists: s.MissingOk, Cascade: s.Behavior == pg.DropBehavior_DROP_CASCADE}
	for _, o := range s.Objects {
		d.Functions = append(d.Functions, functionName(o.GetObjectWithArgs()))
	}
	return d
}

func isFunction(t pg.ObjectType) bool {
	return t == pg.ObjectType_OBJECT_FUNCTION || t == pg.ObjectType_OBJECT_ROUTINE
}
