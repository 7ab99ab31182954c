// Package quota bounds the bytes a second that Kafka clients produce and fetch (KIP-13, KIP-546).
//
//	AlterClientQuotas ─► Quotas.Alter ─► row in storage/meta ─► table, as a whole
//	                                                              │ resolve: the nearest entity
//	Produce, Fetch ───► Charge(user, client id, bytes) ─► bucket ─┴─► how long the client has to wait
//
// Vocabulary: an *entity* is whom a quota is for: a user, a client id, or both, each by name or
// whoever has none of its own (the default). A *bucket* is what one user, one client id, or one of
// both has used; everybody whom the quota of one entity is for has a bucket of his own.
//
// A bucket drains at the quota's rate and may hold what a second drains; what is above that is told
// as a wait. A wait is at most MaxWait, and no more is remembered.
//
// Goroutines and locks: none are started. A table is never changed, only replaced. Quotas.alter is
// held while a row is stored; buckets.mu is a leaf.
//
// Formats: rows "kafka/quota/" in storage/meta, see row.go.
package quota
