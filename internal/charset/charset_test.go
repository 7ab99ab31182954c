package charset

import (
	"encoding/hex"
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// oracleFunctions convert as PostgreSQL does, or give the code of the error.
const oracleFunctions = `
CREATE FUNCTION try_from(b bytea, e name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN encode(convert_to(convert_from(b, e), 'UTF8'), 'hex'); EXCEPTION WHEN OTHERS THEN RETURN sqlstate; END $$;
CREATE FUNCTION try_to(t text, e name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN encode(convert_to(t, e), 'hex'); EXCEPTION WHEN OTHERS THEN RETURN sqlstate; END $$;`

// told is a conversion's result as those functions give it.
func told(out []byte, err error) string {
	var e *sqlerr.Error
	if errors.As(err, &e) {
		return string(e.Code)
	}
	return hex.EncodeToString(out)
}

// TestAsPostgres compares every character of every encoding with PostgreSQL's conversions.
func TestAsPostgres(t *testing.T) {
	pg := pgoracle.Start(t)
	step := 13 // all of them take a minute
	if os.Getenv("TRIBUTARY_TEST_LONG") != "" {
		step = 1
	}
	if _, err := pg.Exec(t.Context(), oracleFunctions, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Same() || !c.Converts() {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			bad := 0
			differ := func(how, what, have, want string) {
				if have == want {
					return
				}
				if bad++; bad <= 10 {
					t.Errorf("%s %s: %s, PostgreSQL %s", how, what, have, want)
				}
			}
			var runes []string
			for r := rune(128); r < 65536; r++ {
				if (r < 55296 || r > 57343) && (r < 0x500 || int(r)%step == 0) {
					runes = append(runes, string(r))
				}
			}
			var want []string
			if err := pg.QueryRow(t.Context(), "SELECT array_agg(try_to(r, $1) ORDER BY n) FROM unnest($2::text[]) WITH ORDINALITY x(r, n)", c.Name, runes).Scan(&want); err != nil {
				t.Fatal(err)
			}
			for i, r := range runes {
				differ("to", r, told(c.FromUTF8(nil, []byte(r))), want[i])
			}
			var codes [][]byte
			for _, code := range c.codes() {
				if len(code) == 1 || int(codeNumber(code))%step == 0 {
					codes = append(codes, code)
				}
			}
			if err := pg.QueryRow(t.Context(), "SELECT array_agg(try_from(b, $1) ORDER BY n) FROM unnest($2::bytea[]) WITH ORDINALITY x(b, n)", c.Name, codes).Scan(&want); err != nil {
				t.Fatal(err)
			}
			for i, code := range codes {
				differ("from", hex.EncodeToString(code), told(c.ToUTF8(nil, code)), want[i])
			}
			if bad > 0 {
				t.Errorf("%d differences", bad)
			}
		})
	}
}

// codes are all that may be characters.
func (c *Charset) codes() (codes [][]byte) {
	for a := 128; a < 256; a++ {
		codes = append(codes, []byte{byte(a)})
		if c.scheme == single || c.scheme == iso || c.scheme == windows {
			continue
		}
		for b := 1; b < 256; b++ {
			codes = append(codes, []byte{byte(a), byte(b)})
			if c.scheme == eucJP && a == 0x8f && b > 0x9f {
				for x := 0xa0; x < 256; x++ {
					codes = append(codes, []byte{byte(a), byte(b), byte(x)})
				}
			}
		}
	}
	return codes
}
