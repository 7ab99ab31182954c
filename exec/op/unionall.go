package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
)

// passOn hands rows on as they are: UNION ALL, an exchange with one shard, a sort in a view.
type passOn struct{ ports }

func newPassOn(inputs int) *passOn { return &passOn{ports: newPorts(inputs)} }

func (p *passOn) Open(exec.Env) error { return nil }

func (p *passOn) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return out.Emit(in)
}
