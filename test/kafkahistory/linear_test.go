package kafkahistory

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// logOp is an operation on one partition, which is a list of values.
type logOp struct {
	what   string // append, end, read
	value  string
	offset int64 // that append and end answered with, that read asked for; -1 = append had no answer
}

// logModel: append puts a value at the end and answers with its offset, end answers with the number of values, read has the value at an offset.
var logModel = porcupine.Model{
	Init: func() any { return []string(nil) },
	Step: func(state, input, _ any) (bool, any) {
		values, op := state.([]string), input.(logOp)
		n := int64(len(values))
		switch op.what {
		case "append":
			return op.offset < 0 || op.offset == n, append(values[:n:n], op.value)
		case "end":
			return op.offset == n, values
		default:
			return op.offset < n && values[op.offset] == op.value, values
		}
	},
	// Values are sent once, so that the last of so many is enough to tell most states apart.
	Equal: func(a, b any) bool {
		x, y := a.([]string), b.([]string)
		if len(x) != len(y) {
			return false
		}
		for i := len(x) - 1; i >= 0; i-- {
			if x[i] != y[i] {
				return false
			}
		}
		return true
	},
	DescribeOperation: func(input, _ any) string { return fmt.Sprintf("%+v", input) },
}

// operations of one partition, as they happened.
type operations struct {
	mu  sync.Mutex
	all []porcupine.Operation
}

func (o *operations) add(process int, op logOp, call, ret time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	end := ret.UnixNano()
	if op.what == "append" && op.offset < 0 {
		end = math.MaxInt64 // it may happen at any time
	}
	o.all = append(o.all, porcupine.Operation{ClientId: process, Input: op, Call: call.UnixNano(), Return: end})
}

// linearizable fails the test if there is no order of the operations that a log could have done one by one.
func (o *operations) linearizable(t *testing.T, what string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	switch porcupine.CheckOperationsTimeout(logModel, o.all, 20*time.Second) {
	case porcupine.Illegal:
		t.Errorf("%s: %d operations are not linearizable", what, len(o.all))
		for _, op := range o.all {
			t.Logf("%d-%d %+v", op.Call, op.Return, op.Input)
		}
	case porcupine.Unknown:
		t.Logf("%s: no answer for %d operations", what, len(o.all))
	}
}

// TestLinearModel: what a log cannot do is found.
func TestLinearModel(t *testing.T) {
	op := func(call, ret int64, o logOp) porcupine.Operation {
		return porcupine.Operation{Input: o, Call: call, Return: ret}
	}
	for _, c := range []struct {
		legal bool
		ops   []porcupine.Operation
	}{
		{true, []porcupine.Operation{op(1, 2, logOp{"append", "a", 0}), op(3, 4, logOp{"end", "", 1}), op(5, 6, logOp{"read", "a", 0})}},
		{true, []porcupine.Operation{op(1, 9, logOp{"append", "a", 1}), op(2, 8, logOp{"append", "b", 0})}},
		{true, []porcupine.Operation{op(1, math.MaxInt64, logOp{"append", "a", -1}), op(3, 4, logOp{"end", "", 1}), op(5, 6, logOp{"append", "b", 1})}},
		{true, []porcupine.Operation{op(1, math.MaxInt64, logOp{"append", "a", -1}), op(3, 4, logOp{"end", "", 0})}},
		{false, []porcupine.Operation{op(1, 2, logOp{"append", "a", 0}), op(3, 4, logOp{"end", "", 0})}}, // an acknowledged one is not there
		{false, []porcupine.Operation{op(1, 2, logOp{"append", "a", 1}), op(3, 4, logOp{"append", "b", 0})}},
		{false, []porcupine.Operation{op(1, 2, logOp{"append", "a", 0}), op(3, 4, logOp{"append", "b", 0})}},
		{false, []porcupine.Operation{op(1, 2, logOp{"append", "a", 0}), op(3, 4, logOp{"read", "b", 0})}},
		{false, []porcupine.Operation{op(3, 4, logOp{"read", "b", 0}), op(5, 6, logOp{"append", "b", 0})}}, // read before it was sent
	} {
		if got := porcupine.CheckOperations(logModel, c.ops); got != c.legal {
			t.Errorf("%+v: legal is %t", c.ops, got)
		}
	}
}
