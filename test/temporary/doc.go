// Package temporary holds temporary tables, views and sequences to PostgreSQL's answers.
//
//	testdata/*.sql ─► a server of ours ──┐ same rows, same tag,
//	random history └► PostgreSQL 15 ─────┘ same notices, same error
//
// Each statement runs on both, in the session that the line before it names: "-- as b" goes on in session b, which is connected when it
// is named first; "-- b leaves" disconnects it. Names of the schemas of temporary relations differ and are made the same.
package temporary
