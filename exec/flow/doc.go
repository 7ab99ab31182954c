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
// One goroutine runs a flow. A tick is one call of Run: it moves every source over the tick's
// range and leaves the operators' state at its end. A SELECT is a flow whose only tick has
// Once set; a view is the same flow ticked for ever.
//
// ErrStop travels down as the answer of Emit: a source that gets it is not pulled further in
// this tick.
//
// State that operators open lies in a States, one for each flow, by (place in the plan, name),
// so that it can be checkpointed and restored without knowing the operators.
package flow
