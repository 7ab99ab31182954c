// Package damage damages every file that a server keeps, in every way, and starts a server on it.
//
//	binary, load ─► clean stop │ kill -9 ─► data directory ─► copy, damage one file ─► start in process
//	                                                                 │
//	                  all acknowledged rows, or an error that names what cannot be read,
//	                  or one line and every byte as before; then the printed command works
//
// The objects lie in the data directory or in a bucket of an S3 server in this process, where each is
// damaged alike.
//
// `make test-damage` runs it. TRIBUTARY_TEST_DAMAGES is the number of damages (20000 by hand),
// TRIBUTARY_TEST_BUCKET_DAMAGES that of damages in a bucket, TRIBUTARY_TEST_SEED repeats a run.
package damage
