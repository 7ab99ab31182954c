package codec

import (
	"bytes"
	"math"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// parseMoney reads an amount as locale C writes it, with what PostgreSQL forgives: the sign on either side, parentheses for it,
// commas anywhere, digits past the cents, of which the first rounds.
func parseMoney(src []byte) (int64, error) {
	s := bytes.TrimLeft(src, " \t\n\v\f\r")
	s = skipCurrency(s)
	negative := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '(' || s[0] == '+') {
		negative, s = s[0] != '+', skipCurrency(s[1:])
	}
	v, s, ok := moneyDigits(s)
	if !ok {
		return 0, errRange("money", src)
	}
	for len(s) > 0 && s[0]-'0' <= 9 {
		s = s[1:]
	}
	for _, c := range s {
		switch {
		case c == '-':
			negative = true
		case isSpace(c) || c == ')' || c == '+' || c == '$':
		default:
			return 0, sqlerr.New(sqlerr.InvalidTextRepresentation, `invalid input syntax for type money: "%s"`, src)
		}
	}
	if negative {
		return v, nil
	}
	if v == math.MinInt64 {
		return 0, errRange("money", src)
	}
	return -v, nil
}

func skipCurrency(s []byte) []byte {
	s = bytes.TrimLeft(s, " \t\n\v\f\r")
	if len(s) > 0 && s[0] == '$' {
		s = s[1:]
	}
	return bytes.TrimLeft(s, " \t\n\v\f\r")
}

// moneyDigits reads cents, counted below zero: the least number has no positive twin.
func moneyDigits(s []byte) (v int64, rest []byte, ok bool) {
	dot, places := false, 0
	add := func(digit int64) {
		if v < (math.MinInt64+digit)/10 {
			ok = false
		}
		v = v*10 - digit
	}
	for ok = true; len(s) > 0; s = s[1:] {
		switch c := s[0]; {
		case c-'0' <= 9 && (!dot || places < 2):
			add(int64(c - '0'))
			if dot {
				places++
			}
			continue
		case c == '.' && !dot:
			dot = true
			continue
		case c == ',':
			continue
		}
		break
	}
	up := len(s) > 0 && s[0] >= '5' && s[0] <= '9'
	if up {
		if v == math.MinInt64 {
			return 0, s, false
		}
		v--
	}
	for ; places < 2; places++ {
		add(0)
	}
	return v, s, ok
}
