// Package xid is PostgreSQL's snapshots of transactions: which numbers of transactions had ended.
//
//	'10:20:10,14,15' ─Parse─► xmin, xmax, those between them that had not ended ─► Visible, its parts
//
// A snapshot is stored as its text. Nothing here has such numbers: a commit has its CommitSeq. The types are for values that come from elsewhere.
// Pure.
package xid
