package flow

import (
	"context"

	"github.com/tributary-db/tributary/internal/meter"
)

// Crew is who gives a flow processors beside its own, for what is large in a tick. Its flow's goroutine calls it; Release of one that Spare gave, that one's.
type Crew interface {
	// Sizes are how many rows of a source a tick reads before it asks for help, and how many bytes a part has, about.
	Sizes() (minRows int64, partBytes int)
	// Ask gives up to so many helpers as there are; 0: all are busy. Release gives them back, and tells whether they
	// had a part in the tick.
	Ask() int
	Release(helpers int, shared bool)
	// Spare gives one helper, which has a processor, and its meter; nil: all are busy. Release gives it back.
	Spare() (Helper, *meter.Meter)
	// Did is told of each job that is done; any goroutine calls it.
	Did()
	// Jobs are the flow's; helpers who share a tick take them too.
	Jobs() *Jobs
	// Helper is one of those that Ask gave, from 0 on.
	Helper(i int) Helper
	// Without runs wait while the flow's own processor is another's.
	Without(ctx context.Context, wait func() error) error
}

// Helper is a processor for one goroutine more, which calls it.
type Helper interface {
	// Try takes the processor if it is free and nobody waits for one. Take waits for it. Give gives it back, where
	// there is one to give.
	Try() bool
	Take(ctx context.Context) error
	Give()
	// Meter is that of the goroutine, which gives the processor up to others where it breathes. It has an owner
	// of its own.
	Meter() *meter.Meter
}
