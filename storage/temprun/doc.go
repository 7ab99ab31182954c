// Package temprun is temporary runs: rows that a statement's work has no memory for, on the local
// disk until that work ends.
//
//	Space (of the process: directory, room on the disk, counters)
//	  └── File (of one statement: temp_file_limit)          deleted as soon as it is open
//	        segments of 256 KiB:  [0][1][2][3][4][5] …      free ones are used again
//	        │      ▲
//	 Writer ┘      └ Reader
//	 rows ─► blocks (storage/state's: LZ4, CRC-32C) ─► Run = segments in order, block sizes
//
//	 Writer.Append* ─► Finish ─► Run ─► Open ─► Reader.Next* ; Release gives its segments back
//	 bytes ─► Bytes.Write* ─► ReadAt* ; Release: a client's file that cannot be read in order
//
// Vocabulary: run (rows in the order they were written, with weights), block (up to 1,024 rows, read
// and checked at once), segment (a piece of the file that belongs to one run at a time), file (all
// runs of a statement; it is made when the first block is written).
//
// A run says nothing about the order of its rows: who sorts knows that they are sorted, who
// partitions that they share a hash. So sorts, hash joins, aggregates and what several workers hand
// to each other use the same runs.
//
// What becomes of the bytes: a File deletes its name once it has it open, so that they go with the
// process however it ends; where a system does not allow that, Close and the next start delete it.
// Nothing is synced, because nothing in a run outlives the statement.
//
// Errors: past the file's limit 53400, a full disk 53100, what cannot be read or written otherwise
// 58030, damage state.ErrCorrupt. A failed write leaves the run unusable and the File as it was.
//
// Goroutines and locks: none of its own. A Writer and a Reader belong to one goroutine each; a File
// may have any number of both at work (who writes at once may pass the limit by a block each); File.mu
// guards which segments are whose, and no file is made, read or written under it. Everything in Space is safe for concurrent use.
//
// Format: blocks of docs/formats/state.md, one behind the other. How to debug: Space.Stats, metrics
// tributary_temp_*. It must not import anything above storage.
package temprun
