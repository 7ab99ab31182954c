// Package typetest makes random values of every type, as their text inputs, for tests that
// send the same values to PostgreSQL and through the engine.
//
//	Types ─► Value(rng, type) ─► text ─► codec.AppendText, or a literal of PostgreSQL
//
// Values favour the edges: bounds, infinities, NaN, BC dates, control characters, quotes, NULL
// look-alikes.
package typetest
