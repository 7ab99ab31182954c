// Package compat runs Kafka clients of other makes against the built server and writes what works into
// docs/clients.md: `make compat`.
//
// A client is a program that is called with the name of a step and does it once; what it says of itself is not
// believed, but looked up by another client. In the environment it finds BOOTSTRAP, TOPIC, GROUP and N, and for the
// step `secure` CA, SASL_USER and SASL_PASSWORD.
//
//	version       print its version
//	produce       write N records, key k0… and value v0…
//	consume       print the values of N records of TOPIC from its beginning, a line each
//	group         the same as a member of GROUP (classic protocol), and commit what was read
//	group848      the same by the consumer protocol (KIP-848)
//	transactions  write c0… to TOPIC and commit, a0… and abort, GROUP being the transactional id
//	admin         make TOPIC with 2 partitions and retention.ms=3600000 and read that back, give it 4; make and delete TOPIC-gone
//	lag           print the sum of what GROUP is behind the ends of TOPIC, by the calls that exporters of lag make
//	secure        produce over TLS with SCRAM-SHA-256
//
// Those written in Go are a module of their own in clients/go, built by .ci/with-clients.
//
// Exit code 3 says that the client has no such thing. A client that is not installed is shown as not run.
package compat
