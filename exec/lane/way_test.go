package lane_test

import (
	"math"
	"testing"
)

// TestWay: each tick that a commit asked for is timed from the commit on, in two pieces that make up the whole.
func TestWay(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM s (n int)`)
	d.exec(`CREATE MATERIALIZED VIEW v AS SELECT sum(n) AS n FROM s`)
	d.exec(`CREATE SINK k TO TOPIC 'out' AS SELECT n FROM s`)
	before := d.runtime.Way().Behind.Count
	for i := range uint64(5) {
		d.produce("s", `{"n":1}`)
		d.until("both have it", func() bool { return d.runtime.Way().Behind.Count >= before+2*(i+1) })
	}
	same(t, "v", d.exec(`SELECT n FROM v`), []string{"5"})
	d.until("the pieces make up the whole", func() bool {
		w := d.runtime.Way()
		return w.Wait.Count == w.Tick.Count && w.Tick.Count == w.Behind.Count && math.Abs(w.Wait.Seconds+w.Tick.Seconds-w.Behind.Seconds) < 1e-6
	})
}
