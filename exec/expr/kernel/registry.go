package kernel

import (
	"fmt"

	"github.com/tributary-db/tributary/catalog/builtin"
)

var (
	bySymbol = map[string]Kernel{}
	byOID    = map[uint32]Kernel{}
)

// Lookup returns the kernel of a function, nil when there is none yet.
func Lookup(f *builtin.Func) Kernel {
	if k := byOID[f.OID]; k != nil {
		return k
	}
	return bySymbol[f.Symbol]
}

// kernels registers by pg_proc symbol.
func kernels(m map[string]Kernel) {
	for symbol, k := range m {
		if bySymbol[symbol] != nil {
			panic(fmt.Sprintf("two kernels for %s", symbol))
		}
		bySymbol[symbol] = k
	}
}

// kernelsOf registers by pg_proc OID: functions that PostgreSQL writes in SQL have no symbol.
func kernelsOf(m map[uint32]Kernel) {
	for oid, k := range m {
		if byOID[oid] != nil {
			panic(fmt.Sprintf("two kernels for function %d", oid))
		}
		byOID[oid] = k
	}
}
