// Package tpch makes the rows of TPC-H and has its queries.
//
//	New(scale) ─► Write(table, w): lines of COPY ─► any of the servers that are compared
//	Schema, Indexes, Queries: what runs there
//
// Rows have the numbers, ranges, shares and keys of the specification (TPC-H 2 and 3): one scale has
// 10,000 suppliers, 200,000 parts, 150,000 customers and 1,500,000 orders of one to seven lines. Texts are words
// in a random order, with what the queries look for as often as the specification has it. The random
// numbers are our own, so sums are not those of the specification's answers; every run of a scale makes
// the same rows. Queries have the parameters that the specification validates with.
//
// A row is a pure function of its table and key: an order and its lines are made from the same stream.
// No state, no goroutines.
package tpch
