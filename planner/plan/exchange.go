package plan

// Exchange sends rows to the shard that owns their key; with one shard it is the identity.
type Exchange struct {
	P     Props
	Input Node
	Keys  []int
}

// Props are the output edge's.
func (n *Exchange) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *Exchange) Inputs() []Node { return []Node{n.Input} }

func (n *Exchange) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	return &c
}

func (n *Exchange) mapExprs(func(Expr) Expr) Node { return n }

func (n *Exchange) derive() Props { return *n.Input.Props() }

func (n *Exchange) title() string { return "Exchange" }

func (n *Exchange) details() []string {
	return []string{"Key: " + columnNames(n.Input.Props(), n.Keys)}
}
