// Package peers runs the own test suites of Kafka clients against the built server: `make peers`.
//
//	Go module ─► a copy in a temporary directory ─► its tests, with the server's address ─► pass, fail, skip
//	                                                                                     │
//	                  testdata/<peer>.txt: what has to pass, what need not and why ◄─────┘
//
// # The lists
//
// A line of testdata is `pass NAME`, `except NAME: reason` or `leave NAME: reason`. What passes has to go on passing: -update adds what passes for the
// first time and takes no line away. What fails and has no `except` is a failure of this test. What is to be left is not run at all: it
// ends the whole suite, or never ends.
//
// What cannot be fetched, or built, is skipped and said so. The suites are others' and are not kept here.
//
// sarama's brokers are behind proxies that its tests switch off, and some of its tests ask docker for brokers: what wants either is excepted.
//
// # Not here
//
// librdkafka's test-runner and kafka-python's integration tests, of which there are no packages: both want a checkout. The latter wants a
// directory servers/<version>/kafka-bin too, which may be empty, four partitions by default and a broker called 0.
package peers
