package kernel

import (
	"testing"

	"github.com/tributary-db/tributary/catalog/builtin"
)

// TestSymbols: every kernel belongs to a function, and the functions that share one agree on
// the physical types.
func TestSymbols(t *testing.T) {
	first := map[string]*builtin.Func{}
	funcs := builtin.Funcs()
	for i := range funcs {
		f := &funcs[i]
		if f.Symbol == "" || bySymbol[f.Symbol] == nil || byOID[f.OID] != nil {
			continue
		}
		g := first[f.Symbol]
		if g == nil {
			first[f.Symbol] = f
			continue
		}
		same := len(f.Args) == len(g.Args) && f.Ret.Phys() == g.Ret.Phys()
		for k := 0; same && k < len(f.Args); k++ {
			same = f.Args[k].Phys() == g.Args[k].Phys()
		}
		if !same {
			t.Errorf("%s serves %s%v and %s%v", f.Symbol, f.Name, f.Args, g.Name, g.Args)
		}
	}
	for symbol := range bySymbol {
		if first[symbol] == nil {
			t.Errorf("kernel %s belongs to no function", symbol)
		}
	}
	for oid := range byOID {
		if builtin.FuncByOID(oid) == nil {
			t.Errorf("kernel of function %d, which is none", oid)
		}
	}
}
