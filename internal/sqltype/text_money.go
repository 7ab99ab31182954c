package sqltype

import "strconv"

// AppendMoney appends an amount of cents as locale C shows it: -$1,234.56.
func AppendMoney(dst []byte, cents int64) []byte {
	v := uint64(cents)
	if cents < 0 {
		v = -v
		dst = append(dst, '-')
	}
	dst = append(dst, '$')
	whole := strconv.FormatUint(v/100, 10)
	for i := range len(whole) {
		if left := len(whole) - i; i > 0 && left%3 == 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, whole[i])
	}
	return append(dst, '.', '0'+byte(v/10%10), '0'+byte(v%10))
}
