package datetime

// fastISO reads the ISO form that machines write: yyyy-mm-dd, then perhaps blank or T and
// hh:mm[:ss[.ffffff]], then perhaps Z or an offset. ok is false for anything else, valid or
// not, which the general parser reads.
func fastISO(s []byte) (f Fields, zoned, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return f, false, false
	}
	y1, ok1 := two(s, 0)
	y2, ok2 := two(s, 2)
	mo, ok3 := two(s, 5)
	d, ok4 := two(s, 8)
	f.Year, f.Month, f.Day = y1*100+y2, mo, d
	if !ok1 || !ok2 || !ok3 || !ok4 || f.Year == 0 || mo < 1 || mo > 12 || d < 1 || d > DaysIn(f.Year, mo) {
		return f, false, false
	}
	s = s[10:]
	if len(s) == 0 {
		return f, false, true
	}
	if len(s) < 6 || s[0] != ' ' && s[0] != 'T' || s[3] != ':' {
		return f, false, false
	}
	f.Hour, ok1 = two(s, 1)
	f.Minute, ok2 = two(s, 4)
	if !ok1 || !ok2 || f.Hour > 23 || f.Minute > 59 {
		return f, false, false
	}
	s = s[6:]
	if len(s) >= 3 && s[0] == ':' {
		if f.Second, ok = two(s, 1); !ok || f.Second > 59 {
			return f, false, false
		}
		if s, ok = fastFraction(&f, s[3:]); !ok {
			return f, false, false
		}
	}
	return fastOffset(f, s)
}

// fastFraction reads up to six digits after a point.
func fastFraction(f *Fields, s []byte) ([]byte, bool) {
	if len(s) == 0 || s[0] != '.' {
		return s, true
	}
	n, us := 1, 0
	for ; n < len(s) && n < 7 && isDigit(s[n]); n++ {
		us = us*10 + int(s[n]-'0')
	}
	if n == 1 || n < len(s) && isDigit(s[n]) {
		return s, false
	}
	for k := n; k < 7; k++ {
		us *= 10
	}
	f.Micros = us
	return s[n:], true
}

func fastOffset(f Fields, s []byte) (Fields, bool, bool) {
	switch {
	case len(s) == 0:
		return f, false, true
	case len(s) == 1 && s[0] == 'Z':
		return f, true, true
	case (len(s) == 3 || len(s) == 6 && s[3] == ':') && (s[0] == '+' || s[0] == '-'):
		hour, ok := two(s, 1)
		minute := 0
		if ok && len(s) == 6 {
			minute, ok = two(s, 4)
		}
		if !ok || hour > 15 || minute > 59 {
			return f, false, false
		}
		f.Offset = hour*3600 + minute*60
		if s[0] == '-' {
			f.Offset = -f.Offset
		}
		return f, true, true
	}
	return f, false, false
}

// two reads two digits.
func two(s []byte, i int) (int, bool) {
	a, b := s[i]-'0', s[i+1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}
