package kernel

// The float operators of the short list: the plain result, and the careful function only for
// rows whose result is an infinity, NaN or zero.

func addFloats[T float]() Kernel {
	return func(c *Call) {
		out := fixed[T](c.Out)
		a, ma := vector[T](c.Args[0])
		b, mb := vector[T](c.Args[1])
		for _, i := range c.Sel {
			r := a[i&ma] + b[i&mb]
			if out[i] = r; r-r != 0 {
				c.careful(i, floatErr(floatAdd(a[i&ma], b[i&mb])))
			}
		}
	}
}

func subFloats[T float]() Kernel {
	return func(c *Call) {
		out := fixed[T](c.Out)
		a, ma := vector[T](c.Args[0])
		b, mb := vector[T](c.Args[1])
		for _, i := range c.Sel {
			r := a[i&ma] - b[i&mb]
			if out[i] = r; r-r != 0 {
				c.careful(i, floatErr(floatSub(a[i&ma], b[i&mb])))
			}
		}
	}
}

func mulFloats[T float]() Kernel {
	return func(c *Call) {
		out := fixed[T](c.Out)
		a, ma := vector[T](c.Args[0])
		b, mb := vector[T](c.Args[1])
		for _, i := range c.Sel {
			r := a[i&ma] * b[i&mb]
			if out[i] = r; r-r != 0 || r == 0 {
				c.careful(i, floatErr(floatMul(a[i&ma], b[i&mb])))
			}
		}
	}
}

func floatErr[T float](_ T, err Err) Err { return err }

func (c *Call) careful(row int32, err Err) {
	if err != nil {
		c.Fail(row, err)
	}
}
