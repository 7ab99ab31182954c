// Package e2e tests the server from outside: the binary as a child process, its ports, and the
// signals an operator or a power cut sends.
//
//	startup_test   what a start refuses, how fast it is, what an idle server costs
//	orders_test    the first example of the documentation, through psql and kcat
//	strict_test    acknowledged, then read: from anywhere, one version, never half
//	kill_test      `kill -9` in the middle of everything, then every promise checked
//	sinkkill_test  `kill -9` aimed at the commits of a sink
//	hostile_test   bytes that no client sends, records that are none, damaged files
//
// TRIBUTARY_TEST_LONG=1 runs the kill loop long: ten kills, 100,000 records through Kafka and
// as many through COPY. TRIBUTARY_TEST_SEED repeats a run.
package e2e
