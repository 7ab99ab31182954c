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
// In a flow that ticks the steps from a stream up to the first that keeps something are a front (docs/decisions/0031). In a
// large tick helpers take parts of what the source reads through copies of these steps, and so does the flow's own
// goroutine while there is nothing to take in; rows go on behind the front as one goroutine would have given them:
//
//	log ─► parts ─┬─► hand: Fill, Judge in turn, steps ─► carrier ─┐
//	              ├─► hand: …                                      ├─► edge ─► operators with state
//	              └─► own part: held until its turn ───────────────┘           (the flow's goroutine)
//
// Words: hand (a helper at work), crew (who gives helpers and their processors), judge (to take a part's event times into
// the watermark, in order). INVARIANT: nobody who waits for the judging of a part before his own has judged his, and nobody
// who has judged his part waits for a judging: a part that is judged needs only its turn and the flow's goroutine, which
// waits for messages, for turns and for judgings at once. A hand gives its processor back before it waits.
//
// Jobs (docs/decisions/0040) are what states have cut off for who is free: helpers who share a tick take them between two
// parts, else one takes them alone. Their mutex is a leaf, but that an edge's may be held over it.
//
// State that operators open lies in a States, one for each flow, by (place in the plan, name),
// so that it can be checkpointed and restored without knowing the operators.
package flow
