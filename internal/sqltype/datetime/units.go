package datetime

import "math"

// Units of time in microseconds.
const (
	UsecsPerSecond int64 = 1_000_000
	UsecsPerMinute int64 = 60 * UsecsPerSecond
	UsecsPerHour   int64 = 60 * UsecsPerMinute
	UsecsPerDay    int64 = 24 * UsecsPerHour
)

// The infinities of timestamps and dates.
const (
	TimestampInfinity   int64 = math.MaxInt64
	TimestampMinusInf   int64 = math.MinInt64
	DateInfinity        int32 = math.MaxInt32
	DateMinusInf        int32 = math.MinInt32
	UnixEpochMicros     int64 = -946_684_800 * UsecsPerSecond // 1970-01-01 on our scale
	unixEpochDays       int32 = -10957
	postgresEpochJulian int64 = 2451545 // 2000-01-01
	minTimestamp        int64 = -211813488000000000
	endTimestamp        int64 = 9223371331200000000 // exclusive
	minDateJulian       int64 = 0
	endDateJulian       int64 = 2147483494 // exclusive
	endTimestampJulian  int64 = 109203528  // exclusive
	minDate, endDate          = minDateJulian - postgresEpochJulian, endDateJulian - postgresEpochJulian
)
