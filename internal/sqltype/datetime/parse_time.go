package datetime

import "strings"

// ParseTime reads a time of day without time zone. A date before it is checked and ignored, so
// is a zone.
func ParseTime(src []byte) (int64, error) {
	p, err := timeOnly(src, "time")
	if err != nil {
		return 0, err
	}
	return p.f.timeOfDay(), nil
}

// timeOnly reads a time of day with what may stand around it.
func timeOnly(src []byte, typ string) (*parser, error) {
	p := &parser{order: OrderMDY, meridiem: -1}
	pieces, ok := cut(src)
	pr := badFormat
	if ok && len(pieces) > 0 {
		pr = p.parseTimeOnly(pieces)
	}
	if pr == fine && timeOverflows(&p.f) {
		pr = fieldOverflow
	}
	if pr != fine {
		return nil, pr.error(typ, src, p.zoneName)
	}
	return p, nil
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
	return p.zoneHasDate()
}

// zoneHasDate: a zone that has had several offsets needs a date, and no zone needs a whole one if any.
func (p *parser) zoneHasDate() problem {
	switch {
	case p.seen&hasDate == hasDate || p.hasOffset:
		return fine
	case p.zone != nil:
		if _, fixed := FixedOffset(p.zone); !fixed {
			return badFormat
		}
	case p.seen&hasDate != 0:
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
		if i > 0 || len(all) < 2 || all[len(all)-1].kind != kindDate && all[1].kind != kindTime {
			if at := strings.IndexByte(pc.text, '-'); at > 0 && isDigit(pc.text[0]) {
				return p.joinedZone(pc.text[:at], pc.text[at:])
			}
		}
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

// joinedZone reads hhmmss with an offset behind it.
func (p *parser) joinedZone(clock, offset string) (have, problem) {
	if p.seen&hasTime == hasTime {
		return 0, badFormat
	}
	off, pr := parseOffset(offset)
	if pr != fine {
		return 0, pr
	}
	p.f.Offset, p.hasOffset = off, true
	got, pr := p.joined(clock, p.seen|hasDate)
	return got | hasZone, pr
}

func indexDot(s string) int {
	for i := range len(s) {
		if s[i] == '.' {
			return i
		}
	}
	return -1
}
