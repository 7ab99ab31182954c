// Package tlsconf is the server's TLS: one certificate for all faces, read again when its files
// change, and a listener that tells TLS from plaintext by the first byte.
//
//	tls_cert, tls_key, tls_client_ca ─► Source ─► Config: for a face that starts TLS itself (pgwire)
//	                                      │
//	                                      └─────► Listen: for one whose clients just begin (kafka, http)
//	                                                first byte 0x16: TLS; else plaintext, where allowed
//
// Files are looked at when a client connects, at most once a second: no watcher, no signal. What
// does not load (a half-written file, a key of another certificate) leaves the old certificate in
// place and is one WARN line; it is tried again when a file changes again.
//
// The least version is TLS 1.2. Session tickets are off: connections live long, and a resumed
// session would not ask a changed tls_client_ca. A client certificate is verified if one comes;
// what its name is good for, the faces decide.
//
// Goroutines and locks: none are started; Source.mu is a leaf, under which files are read once a
// change. A Conn may be read, written and closed from different goroutines, as a net.Conn may;
// whoever writes first has read first.
package tlsconf
