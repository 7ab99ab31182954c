package expr

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

func (c *compiler) coerceIO(e *plan.CoerceIO) (node, error) {
	if _, err := c.expr(e.Arg); err != nil {
		return nil, err
	}
	return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cast from %s to %s is not supported yet",
		typeName(e.Arg.Type().OID), typeName(e.T.OID)).At(e.Pos)
}
