// Package datetime is PostgreSQL's date, time, timestamp and interval: text in and out, and
// the arithmetic of its functions.
//
//	text ──Parse──► days, microseconds, Interval ──► arithmetic, Trunc, Extract, ToChar
//	                              └──Format──► text
//
// Physical forms (decision 19): timestamp and timestamptz are microseconds since 2000-01-01
// (UTC for the latter), the ends of int64 are -infinity and infinity; date is days since
// 2000-01-01 as int32 with the same ends; time is microseconds since midnight.
//
// Pure functions: no clock is read, there are no goroutines and no locks. Zones come in as
// *time.Location.
//
// Non-obvious: the calendar is proleptic Gregorian with no year zero in text; input that
// needs the clock ('now', 'today') is refused with 0A000; an interval has three fields that
// do not mix, and compares with months of 30 days.
package datetime
