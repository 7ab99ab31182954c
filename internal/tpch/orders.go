package tpch

// Days since firstDay: of the last order, and what is now to returns and states of lines.
const lastOrder, currentDay = 2405, 1263 // 1998-08-02, 1995-06-17

// item is a line of an order before it is text.
type item struct{ part, supplier, quantity, price, discount, tax, ship, commit, receipt int }

// order makes an order or its lines. Both make the same random choices first, so that they fit.
func order(l *line, s Scale, i int, head bool) {
	key := i/8*32 + i%8 + 1
	day := l.between(0, lastOrder)
	items := make([]item, l.between(1, 7))
	total, finished := 0, 0
	for k := range items {
		it := item{part: l.between(1, s.parts()), quantity: l.between(1, 50), discount: l.between(0, 10), tax: l.between(0, 8)}
		it.supplier = supplierOf(s, it.part, l.IntN(4))
		it.price = it.quantity * retail(it.part)
		it.ship = day + l.between(1, 121)
		it.commit = day + l.between(30, 90)
		it.receipt = it.ship + l.between(1, 30)
		total += it.price * (100 + it.tax) * (100 - it.discount) / 10_000
		if it.ship <= currentDay {
			finished++
		}
		items[k] = it
	}
	if !head {
		for k, it := range items {
			lineOf(l, key, k+1, it)
		}
		return
	}
	status := "P"
	switch finished {
	case 0:
		status = "O"
	case len(items):
		status = "F"
	}
	l.num(key)
	l.num(customerOf(l, s))
	l.str(status)
	l.cents(total)
	l.date(day)
	l.str(pick(l, priorities))
	l.text = append(l.text, "Clerk#"...)
	l.padded(l.between(1, s.of(1000)), 9)
	l.sep()
	l.num(0)
	if l.IntN(90) == 0 { // as many as the specification's texts have
		l.text = append(l.text, "special packages requests "...)
	}
	l.comment(19, 52)
	l.end()
}

// customerOf is who orders: a third of the customers never does.
func customerOf(l *line, s Scale) int {
	c := l.between(1, s.customers())
	if c%3 == 0 {
		c--
	}
	return c
}

func lineOf(l *line, key, number int, it item) {
	flag, status := "N", "O"
	if it.receipt <= currentDay {
		flag = pick(l, []string{"R", "A"})
	}
	if it.ship <= currentDay {
		status = "F"
	}
	l.num(key)
	l.num(it.part)
	l.num(it.supplier)
	l.num(number)
	l.cents(it.quantity * 100)
	l.cents(it.price)
	l.cents(it.discount)
	l.cents(it.tax)
	l.str(flag)
	l.str(status)
	l.date(it.ship)
	l.date(it.commit)
	l.date(it.receipt)
	l.str(pick(l, instructs))
	l.str(pick(l, modes))
	l.comment(10, 43)
	l.end()
}
