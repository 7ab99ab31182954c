// Package piece names the pieces that checkpoints are made of, and writes and reads the lists of them.
//
//	state ──Put(bytes)──► Writer ──► object, object, …          Place: object, offset, size
//	      ──Keep(place)─►    a piece that is durable already
//	state ◄──ReadAt── Source ◄──Open(place)── Reader
//
// A piece is written once and never changes. Its object has a name that is never used again (the
// commit, a random number, the timeline), so who has a Place has these bytes or none. A list (Encoder,
// Decoder) names each object once. What a list is about, its owner knows; its owner also has a checksum
// of it.
//
// Goroutines and locks: none. Formats: docs/formats/checkpoint.md. Imports only the standard library.
package piece
