package session

import (
	"testing"
	"time"
)

func TestSpelled(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Minute:                          "1 minute",
		90 * time.Minute:                     "1 hour 30 minutes",
		49*time.Hour + 1500*time.Millisecond: "2 days 1 hour 1 second 500 milliseconds",
		7 * time.Microsecond:                 "7 microseconds",
	} {
		if got := spelled(d); got != want {
			t.Errorf("%v is spelled %q, want %q", d, got, want)
		}
	}
}
