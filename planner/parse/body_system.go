package parse

import pg "github.com/pganalyze/pg_query_go/v5"

type (
	// DropSystem is DROP of objects of a kind that nobody can make here.
	DropSystem struct {
		Kind     string // as messages call it
		Objects  []SystemObject
		IfExists bool
	}
	// SystemObject names one: operators, aggregates and casts by their types too, operator classes and families by an access method.
	SystemObject struct {
		Name   Name
		Method string
		Types  []*pg.Node
	}
)

// CreateExtension is CREATE EXTENSION.
type CreateExtension struct{ Name string }

func (*DropSystem) body()      {}
func (*CreateExtension) body() {}
