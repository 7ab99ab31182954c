// Package kafkatest runs programs of Apache Kafka's distribution, its broker among them, from a directory of jars.
//
//	jars (.ci/with-clients: TRIBUTARY_TEST_JAVA) ──► Run(class, args) ──► process, its output kept
//	                                            └──► Broker(dir): one node, broker and controller, on free ports
//
// It is for tests and benchmarks that stand Tributary beside it; nothing of the server imports it.
package kafkatest
