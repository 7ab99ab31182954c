// Package flow drives one dataflow: it pulls the sources and pushes their rows up the plan.
//
//	         sink (Out of the root)
//	           ▲ Emit
//	        operator            ports in order: port 0 to its end, EndInput,
//	       ▲        ▲           then port 1, …, then EndTick until it has no more
//	  port 0        port 1
//	     │            │
//	  source       operator
//	Begin, Next*      ▲
//	                source
//
// One goroutine runs a Flow. A tick is one call of Run: it moves every source over the tick's
// range and leaves the operators' state at its end. A SELECT is a flow whose only tick has
// Once set; a view is the same flow ticked for ever.
//
// ErrStop travels down as the answer of Emit: a source that gets it is not pulled further in
// this tick.
//
// Shards runs a plan with exchanges once (docs/decisions/0029): what lies between two exchanges is a
// fragment, with a goroutine, steps and States of its own; a sender copies the rows that leave it into
// messages, an edge keeps them until its receivers come for them.
//
//	source of parts ─► steps ─► sender ─┐                 ┌─► receiver ─► steps ─► …
//	source of parts ─► steps ─► sender ─┴─► edge: inboxes ┴─► receiver ─► steps ─► …
//
// Words: part (rows of a leaf that one shard reads at once; parts have an order), turn (of the part whose
// messages are delivered as they come, while those of later parts wait), inbox (messages for a receiver).
// The edge's mutex is held for a look only; under it is the memory account's. Who waits for an
// inbox or a message holds nothing else and goes on, or ends, with the run's context.
//
// State that operators open lies in a States, one for each flow, by (place in the plan, name),
// so that it can be checkpointed and restored without knowing the operators.
package flow
