// Package harness runs the server as a child process for tests: the real binary, the real
// ports, and the real `kill -9`.
//
//	Build ─► binary (once a test run)
//	Start ─► process on a data directory ─► ports from its banner ─► SQL, Kafka, HTTP clients
//	Kill  ─► SIGKILL; Start again on the same directory
//	Stop  ─► SIGTERM, exit code
//
// A Server belongs to one test and is killed when the test ends. What it printed is shown when
// the test has failed.
package harness
