package jsonb_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// TestNumbersAreNumeric: a number's text is what numeric makes of it.
func TestNumbersAreNumeric(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	digits := func(most int) string {
		b := make([]byte, 1+rng.IntN(most))
		for i := range b {
			b[i] = byte('0' + rng.IntN(10)*rng.IntN(2))
		}
		return string(b)
	}
	for range 20_000 {
		text := strings.TrimLeft(digits(1+rng.IntN(30)), "0")
		if text == "" {
			text = "0"
		}
		if rng.IntN(2) == 0 {
			text += "." + digits(1+rng.IntN(30))
		}
		if rng.IntN(2) == 0 {
			text += fmt.Sprintf("%c%+d", "eE"[rng.IntN(2)], rng.IntN(80)-40)
		}
		if rng.IntN(20) == 0 && text[0] != '0' {
			text += strings.Repeat("0", 5000)
		}
		if rng.IntN(3) == 0 {
			text = "-" + text
		}
		got, err := jsonb.Normalize(nil, []byte(text))
		want, wantErr := decimal.Parse([]byte(text))
		if (err == nil) != (wantErr == nil) || err == nil && string(got) != want.String() {
			t.Fatalf("%.100s: %.100s, %v; want %.100s, %v", text, got, err, want.String(), wantErr)
		}
	}
}

// TestCostIsBounded: a small text that stands for much, or has to be moved often, is refused
// soon and leaves no large value behind.
func TestCostIsBounded(t *testing.T) {
	nest := func(depth int, open, inner, shut string) string {
		return strings.Repeat(open, depth) + inner + strings.Repeat(shut, depth)
	}
	long := `"` + strings.Repeat("x", 1<<20) + `"`
	for name, c := range map[string]struct {
		text string
		code sqlerr.Code // "" = taken
	}{
		"exponents":            {`{"j":[` + strings.Repeat("1e131071,", 1999) + `1e131071]}`, sqlerr.ProgramLimitExceeded},
		"small exponents":      {`[` + strings.Repeat("1e4000,", 20_000) + `1]`, sqlerr.ProgramLimitExceeded},
		"negative exponents":   {`[` + strings.Repeat("1e-16000,", 20_000) + `1]`, sqlerr.ProgramLimitExceeded},
		"one large exponent":   {`1e131071`, ""},
		"beyond numeric":       {`1e131072`, sqlerr.NumericValueOutOfRange},
		"ordinary exponents":   {`[` + strings.Repeat("1.5e-10,", 200_000) + `1]`, ""},
		"objects in order":     {nest(5000, `{"a":0,"b":`, long, `}`), ""},
		"objects out of order": {nest(5000, `{"b":0,"a":`, long, `}`), sqlerr.ProgramLimitExceeded},
		"a few out of order":   {nest(40, `{"b":0,"a":`, long, `}`), ""},
		"many keys":            {`{` + strings.Repeat(`"b":1,"a":2,`, 100_000) + `"c":3}`, ""},
	} {
		began := time.Now()
		out, err := jsonb.Normalize(nil, []byte(c.text))
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		var e *sqlerr.Error
		if c.code == "" && err != nil || c.code != "" && (!errors.As(err, &e) || e.Code != c.code) {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
		if most := 20*len(c.text) + 4<<20; cap(out) > most {
			t.Errorf("%s: %d bytes of %d", name, cap(out), len(c.text))
		}
	}
}
