// Package auth decides who a client is, for every face in the same way: one role, one password,
// one place where failures are counted, slowed down and told.
//
//	pgwire  AuthenticationSASL ─┐          ┌─► Directory: the role and its verifiers (server)
//	kafka   SaslAuthenticate ───┼─► Gate ──┤
//	http    Authorization ──────┤   │      └─► slowdown: per address; warnings; counters
//	flight  authorization ──────┤   └─► Issue, Token: bearer tokens, kept nowhere
//	TLS     client certificate ─┘
//	                                ▼
//	                            Principal ─► sessions, requests
//
// Vocabulary: a *verifier* is what is kept in place of a password, for one mechanism; from it a
// password can be checked and not be known. A *mechanism* is SCRAM over one hash (RFC 5802,
// 7677). A *principal* is who a connection turned out to be. An *exchange* is one run of SCRAM;
// the faces only carry its messages.
//
// What is kept of a role is one line for each mechanism, in PostgreSQL's form:
//
//	SCRAM-SHA-256$4096:salt$StoredKey:ServerKey     PostgreSQL, HTTP and Kafka
//	SCRAM-SHA-512$4096:salt$StoredKey:ServerKey     Kafka
//
// Setting a password writes both. A password that a client has hashed itself (psql's \password)
// is the first line alone, and SCRAM-SHA-512 is refused for that role until a password is set.
//
// Goroutines and locks: none are started. Gate is used from every connection; slowdown.mu and
// those of its warnings are leaves. Work that a client can ask for without a password and that costs more
// than a microsecond (PBKDF2, for passwords that come in clear) takes one of two places.
//
// Non-obvious:
//   - A role that does not exist, or has no verifier for the mechanism, goes through the whole
//     exchange with a mock verifier: same messages, same salt each time, same time. The mock's
//     key lives as long as the cluster, or a restart would tell mock from real.
//   - The wait of an address that failed comes before its next attempt is looked at, not
//     before the answer: a client that hangs up early has waited all the same.
//   - On the PostgreSQL face the name in the SCRAM message is ignored and the startup packet's
//     counts, as PostgreSQL does; Kafka has no other name.
package auth
