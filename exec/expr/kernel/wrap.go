package kernel

// The row loops, which breathe at every row: fnN takes a plain function, fnNe one that can fail, fnNc one that also sees
// the call. The c forms are the loops; the others adapt to them.

func fn1c[A, R any](f func(c *Call, a A) (R, Err)) Kernel {
	ka, kr := kindOf[A](), kindOf[R]()
	return func(c *Call) {
		a, put := ka.load(c.Args[0]), kr.store(c)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			v, err := f(c, a(i))
			if err != nil {
				c.finish(i, err)
				continue
			}
			put(i, v)
		}
	}
}

func fn2c[A, B, R any](f func(c *Call, a A, b B) (R, Err)) Kernel {
	ka, kb, kr := kindOf[A](), kindOf[B](), kindOf[R]()
	return func(c *Call) {
		a, b, put := ka.load(c.Args[0]), kb.load(c.Args[1]), kr.store(c)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			v, err := f(c, a(i), b(i))
			if err != nil {
				c.finish(i, err)
				continue
			}
			put(i, v)
		}
	}
}

func fn3c[A, B, C, R any](f func(c *Call, a A, b B, x C) (R, Err)) Kernel {
	ka, kb, kc, kr := kindOf[A](), kindOf[B](), kindOf[C](), kindOf[R]()
	return func(c *Call) {
		a, b, x, put := ka.load(c.Args[0]), kb.load(c.Args[1]), kc.load(c.Args[2]), kr.store(c)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			v, err := f(c, a(i), b(i), x(i))
			if err != nil {
				c.finish(i, err)
				continue
			}
			put(i, v)
		}
	}
}

func fn4c[A, B, C, D, R any](f func(c *Call, a A, b B, x C, y D) (R, Err)) Kernel {
	ka, kb, kc, kd, kr := kindOf[A](), kindOf[B](), kindOf[C](), kindOf[D](), kindOf[R]()
	return func(c *Call) {
		a, b, x, y, put := ka.load(c.Args[0]), kb.load(c.Args[1]), kc.load(c.Args[2]), kd.load(c.Args[3]), kr.store(c)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			v, err := f(c, a(i), b(i), x(i), y(i))
			if err != nil {
				c.finish(i, err)
				continue
			}
			put(i, v)
		}
	}
}

// fn0c is a function without arguments.
func fn0c[R any](f func(c *Call) (R, Err)) Kernel {
	kr := kindOf[R]()
	return func(c *Call) {
		put := kr.store(c)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			v, err := f(c)
			if err != nil {
				c.finish(i, err)
				continue
			}
			put(i, v)
		}
	}
}

func fn1e[A, R any](f func(a A) (R, Err)) Kernel {
	return fn1c(func(_ *Call, a A) (R, Err) { return f(a) })
}

func fn2e[A, B, R any](f func(a A, b B) (R, Err)) Kernel {
	return fn2c(func(_ *Call, a A, b B) (R, Err) { return f(a, b) })
}

func fn3e[A, B, C, R any](f func(a A, b B, c C) (R, Err)) Kernel {
	return fn3c(func(_ *Call, a A, b B, c C) (R, Err) { return f(a, b, c) })
}

func fn4e[A, B, C, D, R any](f func(a A, b B, c C, d D) (R, Err)) Kernel {
	return fn4c(func(_ *Call, a A, b B, c C, d D) (R, Err) { return f(a, b, c, d) })
}

func fn1[A, R any](f func(a A) R) Kernel {
	ka, kr := kindOf[A](), kindOf[R]()
	return func(c *Call) {
		a, put := ka.load(c.Args[0]), kr.store(c)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			put(i, f(a(i)))
		}
	}
}

func fn2[A, B, R any](f func(a A, b B) R) Kernel {
	ka, kb, kr := kindOf[A](), kindOf[B](), kindOf[R]()
	return func(c *Call) {
		a, b, put := ka.load(c.Args[0]), kb.load(c.Args[1]), kr.store(c)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			put(i, f(a(i), b(i)))
		}
	}
}

// app1 is a function that appends its result to the column's bytes: no string per row.
func app1[A any](f func(c *Call, dst []byte, a A) ([]byte, Err)) Kernel {
	ka := kindOf[A]()
	return func(c *Call) {
		a := ka.load(c.Args[0])
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			dst, err := f(c, c.Out.Start(i), a(i))
			c.take(i, dst, err)
		}
	}
}

func app2[A, B any](f func(c *Call, dst []byte, a A, b B) ([]byte, Err)) Kernel {
	ka, kb := kindOf[A](), kindOf[B]()
	return func(c *Call) {
		a, b := ka.load(c.Args[0]), kb.load(c.Args[1])
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			dst, err := f(c, c.Out.Start(i), a(i), b(i))
			c.take(i, dst, err)
		}
	}
}

func app3[A, B, C any](f func(c *Call, dst []byte, a A, b B, x C) ([]byte, Err)) Kernel {
	ka, kb, kc := kindOf[A](), kindOf[B](), kindOf[C]()
	return func(c *Call) {
		a, b, x := ka.load(c.Args[0]), kb.load(c.Args[1]), kc.load(c.Args[2])
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			dst, err := f(c, c.Out.Start(i), a(i), b(i), x(i))
			c.take(i, dst, err)
		}
	}
}

func app4[A, B, C, D any](f func(c *Call, dst []byte, a A, b B, x C, y D) ([]byte, Err)) Kernel {
	ka, kb, kc, kd := kindOf[A](), kindOf[B](), kindOf[C](), kindOf[D]()
	return func(c *Call) {
		a, b, x, y := ka.load(c.Args[0]), kb.load(c.Args[1]), kc.load(c.Args[2]), kd.load(c.Args[3])
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			dst, err := f(c, c.Out.Start(i), a(i), b(i), x(i), y(i))
			c.take(i, dst, err)
		}
	}
}

// take ends the bytes of a row, or drops them for its error.
func (c *Call) take(row int32, dst []byte, err Err) {
	if err != nil {
		c.finish(row, err)
		return
	}
	if err := c.Out.End(dst); err != nil {
		c.finish(row, err)
	}
}
