package nexmark

import "strconv"

// Event is one event. Fields of other kinds keep what they had. Texts are valid until the next
// call of At on the Generator that filled them.
type Event struct {
	Kind   Kind
	Number int64
	// Millis is the event time, Unix milliseconds UTC.
	Millis  int64
	Person  PersonRow
	Auction AuctionRow
	Bid     BidRow
}

// PersonRow is what a person has besides the time.
type PersonRow struct {
	ID                                                 int64
	Name, EmailAddress, CreditCard, City, State, Extra []byte
}

// AuctionRow is what an auction has besides the time.
type AuctionRow struct {
	ID                           int64
	ItemName, Description, Extra []byte
	InitialBid, Reserve          int64
	ExpiresMillis                int64
	Seller, Category             int64
}

// BidRow is what a bid has besides the time.
type BidRow struct {
	Auction, Bidder, Price int64
	Channel, URL, Extra    []byte
}

// Generator makes events; see the package comment.
type Generator struct {
	c          Config
	baseMillis int64
	text       []byte // of the current event
}

// New checks c and makes a Generator.
func New(c Config) (*Generator, error) {
	if err := c.fill(); err != nil {
		return nil, err
	}
	return &Generator{c: c, baseMillis: c.BaseTime.UnixMilli(), text: make([]byte, 0, 4096)}, nil
}

// number is the event number at a position.
func (g *Generator) number(position int64) int64 {
	group := g.c.OutOfOrderGroup
	if group == 1 {
		return position
	}
	start := position / group * group
	return start + position%group*outOfOrderStep%group
}

// Kind of the event at a position: what At would give, without making it.
func (g *Generator) Kind(position int64) Kind { return kindOf(g.number(position)) }

// millis is the event time of event n.
func (g *Generator) millis(n int64) int64 {
	return g.baseMillis + n/g.c.Rate*1000 + n%g.c.Rate*1000/g.c.Rate
}

// At makes the event at a position from 0 up to MaxEvents.
func (g *Generator) At(position int64, e *Event) {
	n := g.number(position)
	e.Number, e.Kind, e.Millis = n, kindOf(n), g.millis(n)
	g.text = g.text[:0]
	s := streamOf(g.c.Seed, useEvent, uint64(n))
	switch e.Kind {
	case Person:
		g.person(&e.Person, &s, n)
	case Auction:
		g.auction(&e.Auction, &s, n)
	default:
		g.bid(&e.Bid, &s, n)
	}
}

func (g *Generator) person(p *PersonRow, s *stream, n int64) {
	p.ID = firstID + lastPerson(n)
	p.Name = g.put(func(b []byte) []byte {
		b = append(append(b, pick(s, firstNames)...), ' ')
		return append(b, pick(s, lastNames)...)
	})
	p.EmailAddress = g.put(func(b []byte) []byte {
		b = append(s.word(b, 7, '_'), '@')
		return append(s.word(b, 5, '_'), ".com"...)
	})
	p.CreditCard = g.put(s.card)
	p.City = g.put(func(b []byte) []byte { return append(b, pick(s, cities)...) })
	p.State = g.put(func(b []byte) []byte { return append(b, pick(s, states)...) })
	size := 8 + len(p.Name) + len(p.EmailAddress) + len(p.CreditCard) + len(p.City) + len(p.State)
	p.Extra = g.put(func(b []byte) []byte { return s.extra(b, size, personBytes) })
}

func (g *Generator) auction(a *AuctionRow, s *stream, n int64) {
	a.ID = firstID + lastAuction(n)
	a.Seller = s.seller(n)
	a.Category = firstCategory + s.below(categories)
	a.InitialBid = s.price()
	a.Reserve = a.InitialBid + s.price()
	// An auction lasts on average as long as the next openAuctions take to open.
	horizon := g.millis(n+openAuctions*total/auctionShare) - g.millis(n)
	a.ExpiresMillis = g.millis(n) + 1 + s.below(max(2*horizon, 1))
	a.ItemName = g.put(func(b []byte) []byte { return s.word(b, 20, ' ') })
	a.Description = g.put(func(b []byte) []byte { return s.word(b, 100, ' ') })
	size := 6*8 + len(a.ItemName) + len(a.Description)
	a.Extra = g.put(func(b []byte) []byte { return s.extra(b, size, auctionBytes) })
}

func (g *Generator) bid(r *BidRow, s *stream, n int64) {
	r.Auction, r.Bidder, r.Price = s.bidOn(n), s.bidder(n), s.price()
	if s.oneIn(2) {
		hot := s.below(int64(len(hotChannels)))
		r.Channel = g.put(func(b []byte) []byte { return append(b, hotChannels[hot]...) })
		r.URL = g.put(func(b []byte) []byte { return appendURL(b, g.c.Seed, useHotURL, hot) })
	} else {
		c := s.below(channels)
		r.Channel = g.put(func(b []byte) []byte { return strconv.AppendInt(append(b, "channel-"...), c, 10) })
		r.URL = g.put(func(b []byte) []byte { return appendURL(b, g.c.Seed, useURL, c) })
	}
	size := 4 * 8
	r.Extra = g.put(func(b []byte) []byte { return s.extra(b, size, bidBytes) })
}

// put appends a text to the event's buffer and gives it back. A buffer that moves leaves the
// texts before it where they were, which is still theirs until the next At.
func (g *Generator) put(fill func([]byte) []byte) []byte {
	start := len(g.text)
	g.text = fill(g.text)
	return g.text[start:len(g.text):len(g.text)]
}
