package kernel

import (
	"github.com/tributary-db/tributary/internal/delta"
)

// Rows of arrays.
func init() {
	sets(map[string]SetKernel{
		"array_unnest": func(c *Call, row int32) (Rows, Err) {
			a := arrayOf(c.Args[0], row)
			return elements(elementsOf(c.Args[0].Type, &a)), nil
		},
		"generate_subscripts":       subscripts,
		"generate_subscripts_nodir": subscripts,
		"pg_expandarray":            expandArray,
	})
}

func subscripts(c *Call, row int32) (Rows, Err) {
	a, dim := arrayOf(c.Args[0], row), delta.Values[int32](c.Args[1])[c.Args[1].At(row)]
	if dim < 1 || int(dim) > a.NDim {
		return nil, nil
	}
	d := a.Dims()[dim-1]
	reverse := len(c.Args) > 2 && delta.Values[uint8](c.Args[2])[c.Args[2].At(row)] != 0
	given := int32(0)
	return func(out []*delta.Builder, limit int) (n int, _ Err) {
		for ; n < limit && given < d.Len; n++ {
			if reverse {
				delta.Append(out[0], d.Upper()-given)
			} else {
				delta.Append(out[0], d.Lower+given)
			}
			given++
		}
		return n, nil
	}, nil
}

// expandArray gives the elements of the first dimension, each with its place from 1 on.
func expandArray(c *Call, row int32) (Rows, Err) {
	a := arrayOf(c.Args[0], row)
	if a.NDim != 1 {
		return nil, nil // a[i] of more dimensions is NULL; information_schema asks of vectors only
	}
	place, values := int32(0), elements(elementsOf(c.Args[0].Type, &a))
	return func(out []*delta.Builder, limit int) (int, Err) {
		n, err := values(out, limit)
		for range n {
			place++
			delta.Append(out[1], place)
		}
		return n, err
	}, nil
}
