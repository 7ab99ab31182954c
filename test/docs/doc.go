// Package docs writes the generated pages of the documentation and holds the written ones
// against what the built server says of itself.
//
//	catalog/builtin + kernels ─► docs/sql/functions.md, docs/sql/operators.md
//	planner/bind ──────────────► docs/sql/options.md
//	a running server ──────────► docs/sql/session-settings.md (SHOW ALL), docs/metrics.md
//
//	statements of docs/**.md ──► their answers, on an empty server for each page
//
// `make docs` writes them; the test fails when a page is not what the code says.
package docs
