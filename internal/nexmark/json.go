package nexmark

import (
	"strconv"
	"time"
)

// AppendFlat appends the event as one JSON object with the columns of its own table, without a
// line end. None of the texts needs an escape.
func (e *Event) AppendFlat(b []byte) []byte { return e.appendRow(b, &flatNames) }

// AppendWide appends the event as one JSON object with a place for each kind of event: what one
// table over all events reads. Absent kinds are null.
func (e *Event) AppendWide(b []byte) []byte {
	b = append(b, `{"event_type":`...)
	b = append(b, '0'+byte(e.Kind))
	for k, name := range [...]string{Person: `,"person":`, Auction: `,"auction":`, Bid: `,"bid":`} {
		b = append(b, name...)
		if Kind(k) == e.Kind {
			b = e.appendRow(b, &wideNames)
		} else {
			b = append(b, "null"...)
		}
	}
	return append(b, '}')
}

// names are the field names in which the flat and the wide form differ, with what stands around.
type names struct{ email, card, dateTime, itemName, initialBid string }

var (
	flatNames = names{`,"email_address":"`, `,"credit_card":"`, `,"date_time":"`, `,"item_name":"`, `,"initial_bid":`}
	wideNames = names{`,"emailAddress":"`, `,"creditCard":"`, `,"dateTime":"`, `,"itemName":"`, `,"initialBid":`}
)

func (e *Event) appendRow(b []byte, n *names) []byte {
	switch e.Kind {
	case Person:
		p := &e.Person
		b = appendInt(b, `{"id":`, p.ID)
		b = appendText(b, `,"name":"`, p.Name)
		b = appendText(b, n.email, p.EmailAddress)
		b = appendText(b, n.card, p.CreditCard)
		b = appendText(b, `,"city":"`, p.City)
		b = appendText(b, `,"state":"`, p.State)
		b = appendTime(b, n.dateTime, e.Millis)
		b = appendText(b, `,"extra":"`, p.Extra)
	case Auction:
		a := &e.Auction
		b = appendInt(b, `{"id":`, a.ID)
		b = appendText(b, n.itemName, a.ItemName)
		b = appendText(b, `,"description":"`, a.Description)
		b = appendInt(b, n.initialBid, a.InitialBid)
		b = appendInt(b, `,"reserve":`, a.Reserve)
		b = appendTime(b, n.dateTime, e.Millis)
		b = appendTime(b, `,"expires":"`, a.ExpiresMillis)
		b = appendInt(b, `,"seller":`, a.Seller)
		b = appendInt(b, `,"category":`, a.Category)
		b = appendText(b, `,"extra":"`, a.Extra)
	default:
		r := &e.Bid
		b = appendInt(b, `{"auction":`, r.Auction)
		b = appendInt(b, `,"bidder":`, r.Bidder)
		b = appendInt(b, `,"price":`, r.Price)
		b = appendText(b, `,"channel":"`, r.Channel)
		b = appendText(b, `,"url":"`, r.URL)
		b = appendTime(b, n.dateTime, e.Millis)
		b = appendText(b, `,"extra":"`, r.Extra)
	}
	return append(b, '}')
}

func appendInt(b []byte, name string, v int64) []byte {
	return strconv.AppendInt(append(b, name...), v, 10)
}

func appendText(b []byte, name string, v []byte) []byte {
	return append(append(append(b, name...), v...), '"')
}

func appendTime(b []byte, name string, millis int64) []byte {
	b = time.UnixMilli(millis).UTC().AppendFormat(append(b, name...), "2006-01-02 15:04:05.000")
	return append(b, '"')
}
