// Package exectest holds the test of this engine: for any plan and any history of changes, what
// a dataflow has put out by the end of each tick, summed up, equals the one-shot result over
// the rows that exist then.
//
//	random log of each input: insert, retract, re-insert, NULLs, row errors
//	     │ cut into ticks: one, one a change, random; shuffled inside where order may not matter
//	     ▼
//	  driver ── batches of 1, 3 or 1024 rows, with rows not selected between ──► operators
//	     │        every edge hands over a copy and poisons it after the call
//	     │        at a random tick all state is saved, loaded and the operators built anew
//	     ▼
//	  sum of the output after each tick  ==  one-shot run over the consolidated prefix
//
// Inputs are leaves made by Input.leaf; nodes are put together with the functions of nodes.go,
// which fill in plan.Props. A failure is shrunk by rapid and prints its seed.
package exectest
