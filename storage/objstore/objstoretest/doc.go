// Package objstoretest makes an object store fail on purpose.
//
//	test ─► Faulty.Inject(Fault{Op, Prefix, Skip, Times, …}) ─► calls that match: held, failed, cut, flipped
//	                                                            others ─► the store below
//
// Vocabulary: a fault is a scripted failure of some calls of one operation. An ambiguous one does
// the call and loses its answer, as a network does.
//
// No goroutines; one mutex over the list of faults. For tests only: nothing that is built into the
// binary imports it (internal/lint).
package objstoretest
