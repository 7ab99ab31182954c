package nexmark

import (
	"errors"
	"fmt"
	"time"
)

// ErrConfig: a Config that no generator can be made of.
var ErrConfig = errors.New("invalid nexmark configuration")

// Limits of a Config, far from where times and products would overflow.
const (
	MaxRate            = 1_000_000_000
	MaxOutOfOrderGroup = 1_000_000
	// MaxEvents bounds positions.
	MaxEvents = 1_000_000_000_000_000
)

// Shares of the kinds of events, out of total.
const (
	personShare  = 1
	auctionShare = 3
	total        = 50
)

// The benchmark's constants; they are no options, so that a seed says everything.
const (
	firstID        = 1000 // of people and auctions
	firstCategory  = 10
	categories     = 5
	idLead         = 10 // ids that are bid on or sold by before they exist
	hotStride      = 100
	hotAuctionOdds = 2 // 1 in 2 bids is not on the hot auction
	hotSellerOdds  = 4
	hotBidderOdds  = 4
	activePeople   = 1000
	openAuctions   = 100
	channels       = 10_000

	personBytes  = 200 // wanted mean sizes
	auctionBytes = 500
	bidBytes     = 100
)

// outOfOrderStep permutes a group: it is prime, so every group that it does not divide is covered.
const outOfOrderStep = 953

// Config says which events there are. The zero value of a field means its default.
type Config struct {
	Seed uint64
	// Rate is events per second of event time; default 10,000.
	Rate int64
	// BaseTime is the time of event 0; default 2015-07-15 00:00 UTC.
	BaseTime time.Time
	// OutOfOrderGroup permutes events inside groups of this many; default 1, in order. Not a
	// multiple of 953.
	OutOfOrderGroup int64
}

// DefaultRate and DefaultBaseTime stand where a Config says nothing.
const DefaultRate = 10_000

// DefaultBaseTime is the time of event 0.
var DefaultBaseTime = time.Date(2015, 7, 15, 0, 0, 0, 0, time.UTC)

func (c *Config) fill() error {
	if c.Rate == 0 {
		c.Rate = DefaultRate
	}
	if c.BaseTime.IsZero() {
		c.BaseTime = DefaultBaseTime
	}
	if c.OutOfOrderGroup == 0 {
		c.OutOfOrderGroup = 1
	}
	switch g := c.OutOfOrderGroup; {
	case c.Rate < 1 || c.Rate > MaxRate:
		return fmt.Errorf("%w: rate %d is outside 1 to %d", ErrConfig, c.Rate, MaxRate)
	case g < 1 || g > MaxOutOfOrderGroup:
		return fmt.Errorf("%w: out-of-order group %d is outside 1 to %d", ErrConfig, g, MaxOutOfOrderGroup)
	case g%outOfOrderStep == 0:
		return fmt.Errorf("%w: out-of-order group %d is a multiple of %d", ErrConfig, g, outOfOrderStep)
	case c.BaseTime.Year() < 1 || c.BaseTime.Year() > 9999:
		return fmt.Errorf("%w: base time %v", ErrConfig, c.BaseTime)
	}
	return nil
}
