package pgcatalog

import (
	"fmt"

	"github.com/tributary-db/tributary/catalog/system"
)

// lockRows is pg_locks: locks of relations, of transactions, of names that are waited for, and advisory ones. Who reads holds none.
func lockRows(_ *View, f system.Facts, _ system.Key, add system.Adder) error {
	for _, l := range f.Locks() {
		var relation, of, class, object, sub, tx, database any = nil, nil, nil, nil, nil, fmt.Sprintf("%d/0", l.PID), DatabaseOID
		if l.Tx > 0 {
			tx = fmt.Sprintf("%d/%d", l.PID, l.Tx)
		}
		switch l.Sort {
		case "relation":
			relation = l.Relation
		case "transactionid":
			of, database = uint32(l.Of), nil
		case "advisory":
			class, object, sub = l.Class, l.Object, l.Sub
		}
		err := add(l.Sort, database, relation, nil, nil, nil, of, class, object, sub, tx, l.PID, l.Mode, l.Granted, false, nil)
		if err != nil {
			return err
		}
	}
	return nil
}
