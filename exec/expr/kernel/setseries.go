package kernel

import (
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// generate_series.
func init() {
	sets(map[string]SetKernel{
		"generate_series_int4":         seriesInteger[int32],
		"generate_series_step_int4":    seriesInteger[int32],
		"generate_series_int8":         seriesInteger[int64],
		"generate_series_step_int8":    seriesInteger[int64],
		"generate_series_numeric":      seriesNumeric,
		"generate_series_step_numeric": seriesNumeric,
		"generate_series_timestamp": func(c *Call, row int32) (Rows, Err) {
			return seriesTime(c, row, datetime.AddInterval)
		},
		"generate_series_timestamptz": func(c *Call, row int32) (Rows, Err) {
			return seriesTime(c, row, func(t int64, by interval) (int64, error) { return datetime.AddIntervalTZ(t, by, c.zone()) })
		},
	})
}

func errStep() Err { return sqlerr.New(sqlerr.InvalidParameterValue, "step size cannot equal zero") }

func seriesInteger[T int32 | int64](c *Call, row int32) (Rows, Err) {
	arg := func(i int) T { return delta.Values[T](c.Args[i])[c.Args[i].At(row)] }
	at, last, step := int64(arg(0)), int64(arg(1)), int64(1)
	if len(c.Args) > 2 {
		step = int64(arg(2))
	}
	if step == 0 {
		return nil, errStep()
	}
	ended := false
	return func(out []*delta.Builder, limit int) (n int, _ Err) {
		for ; n < limit && !ended && (step > 0 && at <= last || step < 0 && at >= last); n++ {
			delta.Append(out[0], T(at))
			next := at + step
			ended = next > at != (step > 0) // past the type's range
			at = next
		}
		return n, nil
	}, nil
}

func seriesNumeric(c *Call, row int32) (Rows, Err) {
	at, last, step := c.Args[0].Numeric(row).Clone(), c.Args[1].Numeric(row).Clone(), decimal.FromInt64(1)
	if len(c.Args) > 2 {
		step = c.Args[2].Numeric(row).Clone()
	}
	for _, v := range []struct {
		name string
		of   dec
	}{{"start value", at}, {"stop value", last}, {"step size", step}} {
		switch {
		case v.of.IsNaN():
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "%s cannot be NaN", v.name)
		case v.of.IsInf():
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "%s cannot be infinity", v.name)
		}
	}
	up := step.Sign() > 0
	if step.Sign() == 0 {
		return nil, errStep()
	}
	return func(out []*delta.Builder, limit int) (n int, _ Err) {
		for ; n < limit; n++ {
			if order := decimal.Cmp(at, last); up && order > 0 || !up && order < 0 {
				break
			}
			out[0].AppendNumeric(at)
			next, err := decimal.Add(at, step)
			if err != nil {
				return n + 1, asErr(err)
			}
			at = next
		}
		return n, nil
	}, nil
}

// seriesTime adds the step as + does: a month is as long as the one that it goes over.
func seriesTime(c *Call, row int32, add func(t int64, by interval) (int64, error)) (Rows, Err) {
	arg := func(i int) int64 { return delta.Values[int64](c.Args[i])[c.Args[i].At(row)] }
	at, last := arg(0), arg(1)
	step := delta.Values[interval](c.Args[2])[c.Args[2].At(row)]
	sign := datetime.CompareIntervals(step, interval{})
	if sign == 0 {
		return nil, errStep()
	}
	return func(out []*delta.Builder, limit int) (n int, _ Err) {
		for ; n < limit && (sign > 0 && at <= last || sign < 0 && at >= last); n++ {
			delta.Append(out[0], at)
			next, err := add(at, step)
			if err != nil {
				return n + 1, asErr(err)
			}
			at = next
		}
		return n, nil
	}, nil
}
