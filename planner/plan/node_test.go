package plan

import (
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/sqltype"
)

// unknown is a node that says the least a node must.
type unknown struct {
	P     Props
	Input Node
	Key   Expr
}

func (n *unknown) Props() *Props  { return &n.P }
func (n *unknown) Inputs() []Node { return []Node{n.Input} }
func (n *unknown) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	return &c
}
func (n *unknown) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Key = f(n.Key)
	return &c
}
func (n *unknown) derive() Props     { return *n.Input.Props() }
func (n *unknown) title() string     { return "Unknown" }
func (n *unknown) details() []string { return []string{"Key: " + FormatExpr(n.Key)} }

// TestNewNode: every rule works on a node that it has never heard of, and leaves it as it is.
func TestNewNode(t *testing.T) {
	fields := []Field{{Name: "a", Type: sqltype.Of(sqltype.Int4)}, {Name: "b", Type: sqltype.Of(sqltype.Text)}}
	scan := &Scan{Name: "t", Kind: RelTable, Columns: []int{0, 1}, P: Props{Fields: fields, UniqueKey: [][]int{{0}}, Watermark: -1}}
	n := &unknown{Input: scan, Key: ColumnOf(fields, 1), P: Props{Fields: fields}}
	Derive(n)
	if len(n.P.Fields) != 2 || len(n.P.UniqueKey) != 1 {
		t.Errorf("derived %+v", n.P)
	}
	if _, ok := Below(n, ColumnOf(fields, 0)); ok {
		t.Error("a condition passed a node that does not say so")
	}
	if RowByRow(n) {
		t.Error("it is row by row without saying so")
	}
	out, at := Prune(NewProject(n, []Expr{ColumnOf(fields, 0)}, fields[:1]), []bool{true})
	if !Identity(at, 1) || out.Inputs()[0].(*unknown).Input.(*Scan).Columns[1] != 1 {
		t.Errorf("pruned to %s", Format(out))
	}
	replaced := Transform(out, func(n Node) Node {
		if s, ok := n.(*Scan); ok {
			c := *s
			c.Name = "u"
			return &c
		}
		return MapNodeExprs(n, func(e Expr) Expr { return e })
	})
	text := Format(replaced)
	for _, want := range []string{"Unknown  (key a", "Key: b", "Table Scan on u"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	visited := 0
	WalkNodes(replaced, func(Node) { visited++ })
	if visited != 3 {
		t.Errorf("%d nodes visited", visited)
	}
}
