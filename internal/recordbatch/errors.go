package recordbatch

import "errors"

// Sentinels of verification and decoding; wrapped, tested with errors.Is. Each one names what
// Kafka answers for it.
var (
	// ErrCorrupt: lengths or CRC32C do not hold, or the records do not decode (CORRUPT_MESSAGE).
	ErrCorrupt = errors.New("record batch corrupt")
	// ErrTooLarge: larger than allowed, as sent or once decompressed (MESSAGE_TOO_LARGE).
	ErrTooLarge = errors.New("record batch too large")
	// ErrInvalidRecord: well formed but not acceptable from a producer (INVALID_RECORD).
	ErrInvalidRecord = errors.New("invalid record")
	// ErrInvalidTimestamp: a timestamp or timestamp type that is not allowed (INVALID_TIMESTAMP).
	ErrInvalidTimestamp = errors.New("invalid record timestamp")
	// ErrUnsupportedMagic: not format v2 (UNSUPPORTED_FOR_MESSAGE_FORMAT).
	ErrUnsupportedMagic = errors.New("unsupported record format")
	// ErrUnsupportedCodec: a compression codec that does not exist (UNSUPPORTED_COMPRESSION_TYPE).
	ErrUnsupportedCodec = errors.New("unsupported compression codec")
	// ErrFull: the record does not fit any more; take the record batch and add it again.
	ErrFull = errors.New("record batch full")
)
