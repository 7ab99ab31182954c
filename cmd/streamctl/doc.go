// Command streamctl is the client tool: topics, records, consumer groups, segments and queries of a running
// server, over the Kafka protocol and SQL as any client.
//
//	topic, produce, consume, group ──► Kafka protocol (franz-go)
//	segment list, query ─────────────► SQL (pgx)
//	segment dump ────────────────────► a file, or an object of S3
//
// It is a program of its own, and the server is one still: whoever runs it on another machine wants neither a C parser nor
// what the server brings, and it may do nothing that other clients could not.
//
// What it lists it prints as a table for people or, with --output json, as JSON. It ends with 0, with 1 if
// what was asked could not be done, with 2 if the command line is not understood.
package main
