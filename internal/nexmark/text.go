package nexmark

import (
	"math/bits"
	"strconv"
)

// Uses of random streams besides the events themselves.
const (
	useEvent uint64 = iota
	useHotURL
	useURL
)

var (
	firstNames  = []string{"Ada", "Ben", "Clara", "David", "Emma", "Felix", "Grace", "Hugo", "Iris", "Jonas", "Lena"}
	lastNames   = []string{"Baker", "Carter", "Fisher", "Hunter", "Mason", "Miller", "Porter", "Taylor", "Weaver"}
	cities      = []string{"Tucson", "Sacramento", "San Diego", "Oakland", "Nampa", "Eugene", "Salem", "Spokane", "Tacoma", "Laramie"}
	states      = []string{"AZ", "CA", "ID", "OR", "WA", "WY"}
	hotChannels = []string{"Google", "Facebook", "Baidu", "Apple"}
)

func pick(s *stream, from []string) string { return from[s.below(int64(len(from)))] }

// letters appends n lower-case letters, eight for each draw.
func (s *stream) letters(b []byte, n int) []byte {
	for n > 0 {
		bits := s.next()
		for range min(n, 8) {
			b = append(b, 'a'+byte(bits&0xff*26>>8))
			bits >>= 8
		}
		n -= 8
	}
	return b
}

// word appends 3 to most-1 letters, one in 13 of them the separator; no blank begins or ends it.
func (s *stream) word(b []byte, most int64, separator byte) []byte {
	start, n := len(b), int(3+s.below(most-3))
	b = s.letters(b, n)
	for i := start; i < len(b); i++ {
		if s.oneIn(13) && (separator != ' ' || (i > start && i < len(b)-1)) {
			b[i] = separator
		}
	}
	return b
}

// card appends four groups of four digits.
func (s *stream) card(b []byte) []byte {
	for i := range 4 {
		if i > 0 {
			b = append(b, ' ')
		}
		v := s.below(10_000)
		b = append(b, byte('0'+v/1000), byte('0'+v/100%10), byte('0'+v/10%10), byte('0'+v%10))
	}
	return b
}

// extra appends letters that bring a row of size bytes to the wanted mean, give or take a fifth.
func (s *stream) extra(b []byte, size, wanted int) []byte {
	rest := wanted - size
	if rest <= 0 {
		return b
	}
	spread := (rest + 2) / 5
	n := rest - spread
	if spread > 0 {
		n += int(s.below(int64(2 * spread)))
	}
	return s.letters(b, n)
}

// appendURL appends the page of a channel. It depends on seed and channel alone, so one channel
// has one page; nine of ten channels that are not hot name their id in it.
func appendURL(b []byte, seed, use uint64, channel int64) []byte {
	s := streamOf(seed, use, uint64(channel))
	b = append(b, "https://www.nexmark.com/"...)
	for range 3 {
		b = append(s.word(b, 5, '_'), '/')
	}
	b = append(b, "item.htm?query=1"...)
	if use == useURL && !s.oneIn(10) {
		id := int64(int32(bits.Reverse32(uint32(channel))))
		b = strconv.AppendInt(append(b, "&channel_id="...), max(id, -id), 10)
	}
	return b
}
