package plan

import "strings"

// Exchange sends rows between the shards of a dataflow; with one shard it is the identity.
type Exchange struct {
	P     Props
	Input Node
	Kind  ExchangeKind
	// Keys are the columns by whose values Hash chooses a shard.
	Keys []int
	// Order, of a Gather: what each shard sends is in this order, and so is what comes out.
	Order []SortKey
	// Pre is the aggregation above, which the rows of a shard may be put into before they are sent; nil =
	// rows are sent as they are.
	Pre *GroupBy
}

// ExchangeKind says which shard a row goes to.
type ExchangeKind uint8

const (
	// Hash sends rows with equal keys to one shard.
	Hash ExchangeKind = iota
	// Gather sends all rows to one shard.
	Gather
	// Broadcast sends all rows to every shard.
	Broadcast
)

// Props are the output edge's.
func (n *Exchange) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *Exchange) Inputs() []Node { return []Node{n.Input} }

func (n *Exchange) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	return &c
}

func (n *Exchange) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Order = mapKeys(n.Order, f)
	if n.Pre != nil {
		c.Pre = n.Pre.mapExprs(f).(*GroupBy)
	}
	return &c
}

func (n *Exchange) derive() Props { return *n.Input.Props() }

func (n *Exchange) title() string {
	kind := [...]string{Hash: "Exchange", Gather: "Gather", Broadcast: "Broadcast"}[n.Kind]
	if len(n.Order) > 0 {
		kind += " Merge"
	}
	return kind
}

func (n *Exchange) details() []string {
	var out []string
	if len(n.Keys) > 0 {
		out = append(out, "Key: "+columnNames(n.Input.Props(), n.Keys))
	}
	if len(n.Order) > 0 {
		out = append(out, "Sort Key: "+sortKeys(n.Order))
	}
	if n.Pre != nil {
		aggs := make([]string, len(n.Pre.Aggs))
		for i := range n.Pre.Aggs {
			aggs[i] = FormatAggregate(&n.Pre.Aggs[i])
		}
		out = append(out, "Grouped before: "+strings.Join(append([]string{columnNames(n.Input.Props(), n.Pre.Keys)}, aggs...), ", "))
	}
	return out
}
