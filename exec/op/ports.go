package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
)

// ports remembers the progress of an operator's input edges; embedded by operators that only
// pass it on.
type ports struct{ progress []exec.Progress }

func newPorts(n int) ports {
	p := ports{progress: make([]exec.Progress, n)}
	for i := range p.progress {
		p.progress[i].Watermark = exec.NoWatermark
	}
	return p
}

// EndInput implements exec.Operator.
func (p *ports) EndInput(_ context.Context, port int, e exec.Progress, _ exec.Out) error {
	p.progress[port] = e
	return nil
}

// EndTick implements exec.Operator.
func (p *ports) EndTick(context.Context, exec.Tick, exec.Out) (exec.Next, error) {
	return exec.Next{Out: p.least()}, nil
}

// Close implements exec.Operator.
func (p *ports) Close() error { return nil }

// least is what holds for all ports together.
func (p *ports) least() exec.Progress {
	out := p.progress[0]
	for _, e := range p.progress[1:] {
		out.Watermark = min(out.Watermark, e.Watermark)
		out.Done = out.Done && e.Done
	}
	return out
}
