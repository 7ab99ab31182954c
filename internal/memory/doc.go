// Package memory keeps account of the memory that rows take: one account of the process with
// accounts below it, and an owner for everything that holds some.
//
//	total (total_memory)
//	├── state      (state_memory)    tables, views, sinks      Charge, Force, Room
//	└── statements                   Owner, Owner, … each with its own limit
//	                                 (statement_memory)
//
// Bytes are charged before they are taken. What an account or one above it has no room for is
// refused with 53200 and nothing is charged; an owner gives back all it holds at once, whatever
// way its work ended. An owner draws credit from its account in lines of up to 1 MiB, so that
// many owners do not meet at one counter for every value; the difference is in Used, never
// missing from it.
//
// Everything is safe for concurrent use. The package starts nothing and imports only sqlerr.
package memory
