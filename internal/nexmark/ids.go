package nexmark

// Kind is what an event is.
type Kind uint8

const (
	Person Kind = iota
	Auction
	Bid
)

// kindOf says what event number n is.
func kindOf(n int64) Kind {
	switch r := n % total; {
	case r < personShare:
		return Person
	case r < personShare+auctionShare:
		return Auction
	}
	return Bid
}

// lastPerson is the number, from 0, of the newest person as of event n.
func lastPerson(n int64) int64 { return n / total * personShare }

// lastAuction is the number, from 0, of the newest auction as of event n; -1 before the first.
func lastAuction(n int64) int64 {
	round, r := n/total, n%total
	switch {
	case r < personShare:
		round, r = round-1, auctionShare-1
	case r < personShare+auctionShare:
		r -= personShare
	default:
		r = auctionShare - 1
	}
	return round*auctionShare + r
}

// person draws one of the active people, or one that is about to come.
func (s *stream) person(n int64) int64 {
	people := lastPerson(n) + 1
	active := min(people, activePeople)
	return firstID + people - active + s.below(active+idLead)
}

// auction draws one of the open auctions, or one that is about to come.
func (s *stream) auction(n int64) int64 {
	last := lastAuction(n)
	first := max(last-openAuctions, 0)
	return firstID + first + s.below(last-first+1+idLead)
}

// bidder draws who bids: mostly the hot person.
func (s *stream) bidder(n int64) int64 {
	if s.oneIn(hotBidderOdds) {
		return s.person(n)
	}
	return firstID + lastPerson(n)/hotStride*hotStride + 1
}

// seller draws who sells: mostly the hot person, who is another one than the hot bidder.
func (s *stream) seller(n int64) int64 {
	if s.oneIn(hotSellerOdds) {
		return s.person(n)
	}
	return firstID + lastPerson(n)/hotStride*hotStride
}

// bidOn draws what is bid on: half the time the hot auction.
func (s *stream) bidOn(n int64) int64 {
	if s.oneIn(hotAuctionOdds) {
		return s.auction(n)
	}
	return firstID + max(lastAuction(n), 0)/hotStride*hotStride
}
