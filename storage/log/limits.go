package log

import "time"

// Limits of a DB. A zero field takes the default.
type Limits struct {
	// InlineBytes: a flush group up to this size rides in the commit record. 256 KiB;
	// negative = never.
	InlineBytes int64
	// InlineCosts: a group that rides inline costs an object too, that of its commit record.
	InlineCosts bool
	// FlushInterval 0 seals a group as soon as the commit before has ended (a directory).
	// Above 0 a group seals that long after its first entry (an object store).
	FlushInterval time.Duration
	// FlushCost is how many objects a second records may become that are too few to be worth them:
	// groups below 64 KiB. 0 = as many as FlushInterval allows.
	FlushCost int
	// FlushQuiet: such a group is sealed even so when somebody waits for it and nothing was appended for
	// so long, as far as objects that FlushCost allowed for in the last minute were not written. 0 = never.
	FlushQuiet    time.Duration
	FlushBytes    int64 // a group is sealed, and an object cut, at this size: 8 MiB
	MaxUploads    int   // groups that may be uploading at once: 4
	MaxEntryBytes int64 // of an entry that is in memory: 256 MiB
	InFlightBytes int64 // what Admit gives out: 256 MiB
	MaxProducers  int   // idempotent producers remembered, counted by partition: 200,000
	// MaxTransactionalIDs remembered; past it those used longest ago are forgotten. 100,000.
	MaxTransactionalIDs int
	TailBytes           int64 // of recent objects kept in memory: 64 MiB
	ReadCache           int64 // of ranges and indexes read from objects: 128 MiB
	// ReadAhead is how much is read in advance for one who reads old records in order: 16 MiB; negative =
	// nothing.
	ReadAhead   int64
	ObjectReads int // requests for ranges of objects at once; a quarter of them for one reader: 32

	RollBytes    int64         // inline bytes are rolled into a segment: 8 MiB
	RollGroups   int64         // or so many inline groups: 16,384
	RollInterval time.Duration // or when the oldest is this old: 60 s
	// MaxInlineBytes: while rolling fails and so much lies inline, appends are refused with
	// ErrUnavailable. 256 MiB.
	MaxInlineBytes int64
	// DiskReserve: with less free space records are refused with ErrFull; 0 = no reserve.
	DiskReserve     int64
	SnapshotCommits int   // a snapshot every so many commits: 20,000
	SnapshotBytes   int64 // or so many bytes of commit records: 64 MiB
	// LevelFan is how many objects, or runs of a partition above level 0, are put together: 16.
	LevelFan int
	// LevelBytes is the size of what is put together at once, which is in memory meanwhile: 32 MiB.
	LevelBytes int64
	// LevelObjects: with more objects of level 0 also those in the tail cache are put together: 512.
	LevelObjects  int
	LevelRate     int64         // bytes put together in a second: 32 MiB
	LevelInterval time.Duration // how often it is looked for something to put together: 10 s
	// CleanMemory is for the keys of one pass of log compaction: 64 MiB, about a million keys.
	CleanMemory int64
	// CleanBytes that were not compacted are worth a pass over a partition, fewer once they are CleanAge
	// old: 1 MiB, 1 h.
	CleanBytes int64
	CleanAge   time.Duration
	// RetentionInterval is how often it is looked for records and objects that may go: 60 s.
	RetentionInterval time.Duration
	// RetentionGrace is how long records that a relation still needs outlive their retention: 24 h.
	RetentionGrace time.Duration
	// AttemptTimeout is how long one attempt to write an object may take before a second one is
	// made beside it, apart from a second for each 16 MiB; after twice that it is given up. 2 s.
	AttemptTimeout time.Duration
	// UploadTimeout must be shorter than clients' request timeout: 20 s.
	UploadTimeout time.Duration
}

func orDefault[T int | int64 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

func (l Limits) withDefaults() Limits {
	orDefault(&l.InlineBytes, 256<<10)
	orDefault(&l.FlushBytes, 8<<20)
	orDefault(&l.MaxUploads, 4)
	orDefault(&l.MaxEntryBytes, 256<<20)
	orDefault(&l.InFlightBytes, 256<<20)
	orDefault(&l.MaxProducers, 200_000)
	orDefault(&l.MaxTransactionalIDs, 100_000)
	orDefault(&l.TailBytes, 64<<20)
	orDefault(&l.ReadCache, 128<<20)
	orDefault(&l.ReadAhead, 16<<20)
	orDefault(&l.ObjectReads, 32)
	orDefault(&l.RollBytes, 8<<20)
	orDefault(&l.RollGroups, 16_384)
	orDefault(&l.MaxInlineBytes, 256<<20)
	orDefault(&l.RollInterval, 60*time.Second)
	orDefault(&l.SnapshotCommits, 20_000)
	orDefault(&l.SnapshotBytes, 64<<20)
	orDefault(&l.LevelFan, 16)
	orDefault(&l.LevelBytes, 32<<20)
	orDefault(&l.LevelObjects, 512)
	orDefault(&l.LevelRate, 32<<20)
	orDefault(&l.LevelInterval, 10*time.Second)
	orDefault(&l.CleanMemory, 64<<20)
	orDefault(&l.CleanBytes, 1<<20)
	orDefault(&l.CleanAge, time.Hour)
	orDefault(&l.RetentionInterval, time.Minute)
	orDefault(&l.RetentionGrace, 24*time.Hour)
	orDefault(&l.AttemptTimeout, 2*time.Second)
	orDefault(&l.UploadTimeout, 20*time.Second)
	return l
}
