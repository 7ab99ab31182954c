package regex

// find is the first match that begins at from or behind it: the offsets of it and its groups, nil = there is none.
func (x *search) find(from int) []int {
	root := x.tree.root
	for start := from; start <= len(x.text) && x.step(); start++ {
		var at []int
		x.inOrder(x.reach(root, start), root.traits&shorter != 0, start, len(x.text), func(end int) bool {
			for i := range x.groups {
				x.groups[i] = -1
			}
			if !x.dissect(root, start, end) {
				return x.err == nil
			}
			x.groups[0], x.groups[1] = start, end
			at = make([]int, len(x.groups))
			for i, p := range x.groups {
				if at[i] = -1; p >= 0 {
					at[i] = x.offsets[p]
				}
			}
			return false
		})
		if at != nil {
			return at
		}
	}
	return nil
}

// inOrder visits those of some places that lie in [low, high], the first or the last one first.
func (x *search) inOrder(places ends, ascending bool, low, high int, visit func(i int) bool) {
	if ascending {
		for i := low; i <= high; i++ {
			if places.has(i) && !visit(i) {
				return
			}
		}
		return
	}
	for i := high; i >= low; i-- {
		if places.has(i) && !visit(i) {
			return
		}
	}
}

// forget unsets the groups inside n.
func (x *search) forget(n *node) {
	for _, g := range n.groups {
		x.groups[2*g], x.groups[2*g+1] = -1, -1
	}
}

// dissect reports whether n matches the text from from to to, and notes what its groups are then: of several ways the first
// parts have it their way.
//
//lint:dispatch
func (x *search) dissect(n *node, from, to int) bool {
	if !x.step() || !x.reach(n, from).has(to) {
		return false
	}
	if n.plain {
		return true
	}
	found := false
	switch n.op {
	case opConcat:
		x.inOrder(x.reach(n.left, from), n.left.traits&shorter != 0, from, to, func(mid int) bool {
			found = x.reach(n.right, mid).has(to) && x.dissect(n.left, from, mid) && x.dissect(n.right, mid, to)
			if !found {
				x.forget(n)
			}
			return !found && x.err == nil
		})
	case opEither:
		for _, s := range n.subs {
			if x.dissect(s, from, to) {
				return true
			}
		}
	case opGroup:
		if found = x.dissect(n.left, from, to); found {
			x.groups[2*n.group], x.groups[2*n.group+1] = from, to
		}
	case opBack:
		found = x.repeats(n, from, to)
	case opRepeat:
		least := max(n.min, 1)
		most := to - from
		if n.max >= 0 {
			most = min(most, n.max)
		}
		most = max(most, least)
		if n.left.traits&shorter != 0 {
			return n.min == 0 && from == to || x.shortRounds(n, from, to, 1, least, most)
		}
		// A round is wanted, so that groups are set, before none.
		found = x.longRounds(n, from, to, 1, least, most) || n.min == 0 && from == to
	}
	return found
}

// repeats reports whether the text is what the group of a back reference matched, as often as it may be.
func (x *search) repeats(n *node, from, to int) bool {
	a, b := x.groups[2*n.group], x.groups[2*n.group+1]
	size, length := b-a, to-from
	switch {
	case a < 0:
		return false
	case size == 0:
		return length == 0
	case length == 0:
		return n.min == 0
	case length%size != 0 || length/size < n.min || n.max >= 0 && length/size > n.max:
		return false
	}
	for i := range length {
		if !sameRune(x.text[a+i%size], x.text[from+i], n.fold) {
			return false
		}
	}
	return true
}

// round dissects one repetition, of which the last one's groups count.
func (x *search) round(n *node, from, to int) bool {
	x.forget(n.left)
	return x.dissect(n.left, from, to)
}

// longRounds matches what is left of a repetition from its k-th round on, each as long as can be. None is empty but those that there
// have to be.
func (x *search) longRounds(n *node, from, to, k, least, most int) (found bool) {
	x.inOrder(x.reach(n.left, from), false, from, to, func(mid int) bool {
		switch {
		case mid == to && k < least:
			return true
		case mid == to:
			found = x.round(n, from, mid)
		case k >= most, mid == from && (k >= least || least-k < to-mid):
			return false
		default:
			found = x.round(n, from, mid) && x.longRounds(n, mid, to, k+1, least, most)
		}
		return !found && x.err == nil
	})
	return found
}

// shortRounds is longRounds with each as short as can be.
func (x *search) shortRounds(n *node, from, to, k, least, most int) (found bool) {
	low := from
	if from != to && (k >= least || least-k < to-from) {
		low++
	}
	if k >= most {
		low = to
	}
	x.inOrder(x.reach(n.left, from), true, low, to, func(mid int) bool {
		if mid == to {
			found = k >= least && x.round(n, from, mid)
		} else {
			found = x.round(n, from, mid) && x.shortRounds(n, mid, to, k+1, least, most)
		}
		return !found && x.err == nil
	})
	return found
}
