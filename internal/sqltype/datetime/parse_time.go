package datetime

// ParseTime reads a time of day without time zone. A date before it is checked and ignored, so
// is a zone.
func ParseTime(src []byte) (int64, error) {
	p := &parser{order: OrderMDY, meridiem: -1}
	pieces, ok := cut(src)
	pr := badFormat
	if ok && len(pieces) > 0 {
		pr = p.parseTimeOnly(pieces)
	}
	if pr != fine {
		return 0, pr.error("time", src, p.zoneName)
	}
	if timeOverflows(&p.f) {
		return 0, fieldOverflow.error("time", src, "")
	}
	return p.f.timeOfDay(), nil
}

func (p *parser) parseTimeOnly(pieces []piece) problem {
	for i, pc := range pieces {
		got, pr := p.timePiece(pieces, i, pc)
		if pr != fine {
			return pr
		}
		if got&p.seen != 0 {
			return badFormat
		}
		p.seen |= got
	}
	if p.what != isFields || p.pending != meansNothing {
		return badFormat
	}
	if pr := p.validateDate(); pr != fine {
		return pr
	}
	if p.meridiem >= 0 && p.f.Hour > 12 {
		return fieldOverflow
	}
	switch {
	case p.meridiem == 0 && p.f.Hour == 12:
		p.f.Hour = 0
	case p.meridiem == 1 && p.f.Hour != 12:
		p.f.Hour += 12
	}
	if p.seen&hasTime != hasTime {
		return badFormat
	}
	return fine
}

func (p *parser) timePiece(all []piece, i int, pc piece) (have, problem) {
	switch pc.kind {
	case kindNumber:
		if p.pending != meansNothing || p.seen&hasDate == hasDate {
			break
		}
		if len(pc.text) >= 6 && p.seen&hasDate == 0 && len(pc.text) != 6 && indexDot(pc.text) < 0 {
			break // yyyymmdd
		}
		if len(pc.text) == 4 || len(pc.text) == 6 || indexDot(pc.text) > 2 {
			return p.joined(pc.text, p.seen|hasDate)
		}
	case kindDate:
		if !isDigit(pc.text[0]) && i > 0 {
			z, ok := LoadZone(pc.text)
			if ok {
				p.zone = z
				return hasZone, fine
			}
		}
	case kindString, kindSpecial:
		if w, ok := words[clip(pc.text)]; ok && w.means == meansISOTime && w.value >= 0 {
			if i+1 >= len(all) || all[i+1].kind == kindString || all[i+1].kind == kindZone {
				return 0, badFormat
			}
			p.pending = meansISOTime
			return 0, fine
		}
	}
	return p.piece(all, i, pc)
}

func indexDot(s string) int {
	for i := range len(s) {
		if s[i] == '.' {
			return i
		}
	}
	return -1
}
