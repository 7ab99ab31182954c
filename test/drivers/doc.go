// Package drivers runs the own test suites of PostgreSQL's drivers against a PostgreSQL of this machine and against the built server: `make drivers`.
//
//	Go module, Maven's jdbc-src, ─► a copy in a temporary ─► its tests, with PGHOST … ─► pass, fail, skip ─► docs/drivers.md
//	SUITES=dir for the others       directory                on PostgreSQL, then here              │
//	                                                                                               │
//	          testdata/<suite>.txt: what passes there and need not here, and why ◄─────────────────┘
//
// What passes on PostgreSQL has to pass here, unless testdata says why not. A line there is `except NAME: reason`, NAME with * for any rest, or
// `leave NAME: reason` for what is not run at all on either. `share N` is the best share so far, in percent: a run below it fails, and -update only raises it.
// So exceptions cannot grow unseen: each costs its share.
//
// What a registry has comes from there: pgx and lib/pq as Go modules, pgjdbc as Maven's jdbc-src. PyPI and npm have psycopg, asyncpg and node-postgres without their
// tests: SUITES names a directory with checkouts of them, called as the suites are, and their packages are installed from the registries. What is not
// to be had is shown as not run, never as passed.
//
// Each suite has a server and a database of its own. Tests that need what the suites' authors set up besides (TLS certificates, pgbouncer, other roles' passwords) fail
// or are skipped on PostgreSQL too, and do not count.
package drivers
