// Package planner plans the stored query of a relation.
//
//	catalog.Relation ─► parse, bind (planner/bind) ─► rewrite (planner/rewrite) ─► plan.Query
//	  Query, Settings
//
// A query that a session runs is planned by the session itself, with its settings and parameters. What
// runs for ever is planned here, by whoever makes it run: exec imports this package and planner/plan,
// and nothing else of the planner.
//
// No state, no goroutines.
package planner
