package jsonpath

// filter reads ?(…).
func (p *parser) filter() (*node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	arg, err := p.predicate()
	return &node{kind: kindFilter, left: arg}, err
}

// subscripts reads [*] and [i, j to k].
func (p *parser) subscripts() (*node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == '*' {
		if err := p.advance(); err != nil {
			return nil, err
		}
		return &node{kind: kindAnyArray}, p.expect(']')
	}
	n := &node{kind: kindIndexes}
	for {
		var i index
		var err error
		if i.from, err = p.or(true); err != nil {
			return nil, err
		}
		if p.tok.kind == tokTo {
			if err = p.advance(); err != nil {
				return nil, err
			}
			if i.to, err = p.or(true); err != nil {
				return nil, err
			}
		}
		n.indexes = append(n.indexes, i)
		if p.tok.kind != ',' {
			return n, p.expect(']')
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

var methods = map[tokenKind]kind{
	tokAbs: kindAbs, tokSize: kindSize, tokType: kindType, tokFloor: kindFloor, tokDouble: kindDouble,
	tokCeiling: kindCeiling, tokKeyValue: kindKeyValue, tokDatetime: kindDatetime,
}

// member reads .key, .*, .** and methods.
func (p *parser) member() (*node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	t := p.tok
	switch {
	case t.kind == '*':
		return &node{kind: kindAnyKey}, p.advance()
	case t.kind == tokAny:
		return p.anyLevel()
	case t.kind != tokIdent && t.kind != tokString && t.kind < tokTo:
		return nil, p.unexpected()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	method, ok := methods[t.kind]
	if !ok || p.tok.kind != '(' {
		return &node{kind: kindKey, text: t.text}, nil
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	n := &node{kind: method}
	if method == kindDatetime && p.tok.kind == tokString {
		n.left = &node{kind: kindString, text: p.tok.text}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	return n, p.expect(')')
}

// anyLevel reads ** and the levels it reaches.
func (p *parser) anyLevel() (*node, error) {
	n := &node{kind: kindAny, last: toLast}
	if err := p.advance(); err != nil || p.tok.kind != '{' {
		return n, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	var err error
	if n.first, err = p.level(); err != nil {
		return nil, err
	}
	n.last = n.first
	if p.tok.kind == tokTo {
		if err = p.advance(); err != nil {
			return nil, err
		}
		if n.last, err = p.level(); err != nil {
			return nil, err
		}
	}
	return n, p.expect('}')
}
