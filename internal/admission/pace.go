package admission

import "time"

const (
	// paceGrace is how long whoever holds room may be silent.
	paceGrace = 5 * time.Second
	// paceRate is how many bytes a second it must bring, the grace aside.
	paceRate = 256 << 10
	// PaceStep is the most that is read towards one deadline of a Pace.
	PaceStep = 1 << 20
)

// Pace is the speed at which a frame has to come once there is room for it.
type Pace struct{ Since time.Time }

// Deadline is when the bytes up to end must have come, of which the frame up to from, within
// PaceStep of it, had come at now. Being quick first does not earn a longer pause later.
func (p Pace) Deadline(now time.Time, from, end int) time.Time {
	whole := p.Since.Add(paceGrace + atRate(end))
	step := now.Add(paceGrace + atRate(end-from))
	if step.Before(whole) {
		return step
	}
	return whole
}

func atRate(bytes int) time.Duration {
	return time.Duration(bytes) * time.Second / paceRate
}
