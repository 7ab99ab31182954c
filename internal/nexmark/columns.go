package nexmark

import "github.com/tributary-db/tributary/internal/sqltype"

// Column of a table of events.
type Column struct {
	Name string
	Type sqltype.Type
}

// Table names a kind of event as SQL does; All is every kind in one.
type Table string

const (
	TablePerson  Table = "person"
	TableAuction Table = "auction"
	TableBid     Table = "bid"
	TableAll     Table = "all"
)

// Has reports whether events of kind k belong to t.
func (t Table) Has(k Kind) bool {
	return t == TableAll || t == [...]Table{Person: TablePerson, Auction: TableAuction, Bid: TableBid}[k]
}

// Columns of the records that AppendFlat writes for t, in their order; nil if t is not one of
// person, auction, bid.
func Columns(t Table) []Column {
	big, text, ts := sqltype.Of(sqltype.Int8), sqltype.Of(sqltype.Varchar), sqltype.Of(sqltype.Timestamp)
	switch t {
	case TablePerson:
		return []Column{{"id", big}, {"name", text}, {"email_address", text}, {"credit_card", text},
			{"city", text}, {"state", text}, {"date_time", ts}, {"extra", text}}
	case TableAuction:
		return []Column{{"id", big}, {"item_name", text}, {"description", text}, {"initial_bid", big}, {"reserve", big},
			{"date_time", ts}, {"expires", ts}, {"seller", big}, {"category", big}, {"extra", text}}
	case TableBid:
		return []Column{{"auction", big}, {"bidder", big}, {"price", big}, {"channel", text}, {"url", text},
			{"date_time", ts}, {"extra", text}}
	}
	return nil
}
