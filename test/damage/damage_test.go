package damage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/server"
	"github.com/tributary-db/tributary/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

func number(t *testing.T, variable string, otherwise int) int {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// damages of b, without the flipped bits: those are drawn.
func whole(b []byte) map[string][]byte {
	out := map[string][]byte{"missing": nil}
	if len(b) > 0 {
		out["empty"], out["cut at half"], out["zeroed"] = []byte{}, b[:len(b)/2], make([]byte, len(b))
	}
	return out
}

// TestDamage: whatever file is damaged in whatever way, what was acknowledged is served, or a
// read says what is damaged, or the start is refused in one line, changes nothing and prints
// what goes on.
func TestDamage(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server hundreds of times")
	}
	seed := uint64(number(t, "TRIBUTARY_TEST_SEED", int(time.Now().UnixNano()%1_000_000)))
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	states := []*state{leave(t, false, nil), leave(t, true, nil)}
	left := number(t, "TRIBUTARY_TEST_DAMAGES", 300)
	outcomes := map[string]int{}
	try := func(st *state, name, kind string, changed []byte) {
		left--
		outcomes[st.try(t, name, kind, changed)]++
	}
	for _, st := range states {
		if got := st.try(t, "", "nothing", nil); got != "served" {
			t.Fatalf("%s, undamaged: %s", st.name, got)
		}
		for _, name := range st.names() {
			kinds := whole(st.files[name])
			for _, kind := range slices.Sorted(maps.Keys(kinds)) {
				try(st, name, kind, kinds[kind])
			}
		}
	}
	for left > 0 && !t.Failed() {
		st := states[rng.IntN(len(states))]
		name := st.names()[rng.IntN(len(st.files))]
		b := slices.Clone(st.files[name])
		if len(b) == 0 {
			continue
		}
		bit := rng.IntN(8 * len(b))
		b[bit/8] ^= 1 << (bit % 8)
		try(st, name, fmt.Sprintf("bit %d of byte %d flipped", bit%8, bit/8), b)
	}
	t.Logf("%v", outcomes)
	for _, o := range []string{"served", "told at read", "refused, then went on"} {
		if outcomes[o] == 0 {
			t.Errorf("nothing was %s", o)
		}
	}
}

// try starts a server on the state with one file changed (nil = gone), and says what came of it.
func (s *state) try(t *testing.T, name, kind string, changed []byte) string {
	t.Helper()
	what := fmt.Sprintf("%s: %s (%d bytes) %s", s.name, name, len(s.files[name]), kind)
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	files := maps.Clone(s.files)
	if name != "" {
		files[name] = changed
	}
	if changed == nil {
		delete(files, name)
	}
	var in *bucket
	if s.remote() {
		in = makeBucket(t)
		defer in.drop(t)
	}
	write(t, dir, in, files)
	cfg := settings(dir)
	if in != nil {
		cfg.ObjectStore, cfg.FlushInterval, cfg.FlushCost = in.url(), 5*time.Millisecond, 0
	}
	text, served := s.start(t, what, cfg, s.least(name))
	if text == "" {
		return served
	}
	if strings.Contains(text, "\n") || strings.Contains(text, "panic") {
		t.Errorf("%s: not one clear line: %s", what, text)
	}
	if d := differences(files, read(t, dir, in)); len(d) > 0 {
		t.Errorf("%s: refused (%s), but %v", what, text, d)
	}
	for flag, into := range map[string]*string{"--accept-loss ": &cfg.AcceptLoss, "--take-over ": &cfg.TakeOver} {
		if _, rest, ok := strings.Cut(text, flag); ok {
			*into = strings.Fields(rest)[0]
		}
	}
	if cfg.AcceptLoss == "" && cfg.TakeOver == "" {
		t.Errorf("%s: no way on: %s", what, text)
		return "no way on"
	}
	again, _ := s.start(t, what+", went on", cfg, 0)
	if again != "" {
		t.Errorf("%s: %s; but then: %s", what, text, again)
	}
	if again, _ = s.start(t, what, cfg, 0); !strings.Contains(again, "does not fit") {
		t.Errorf("%s: the command was taken twice: %s", what, again)
	}
	return "refused, then went on"
}

// least is how many rows must be there unless something says that they are not.
func (s *state) least(name string) int {
	if isWAL(name) {
		return s.sure
	}
	return s.acked
}

func settings(dir string) *config.Settings {
	cfg := config.Default()
	cfg.DataDir, cfg.InlineBytes, cfg.DiskBallast = dir, inlineBytes, 0
	cfg.ObjectStore = "file://" + dir + "/objects"
	cfg.Meta = "pebble://" + dir + "/meta"
	cfg.PGListen, cfg.KafkaListen, cfg.HTTPListen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	return cfg
}

// start starts, checks what is served and stops. It returns the refusal, or how it was served.
func (s *state) start(t *testing.T, what string, cfg *config.Settings, least int) (refusal, served string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	srv, err := server.Start(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err.Error(), ""
	}
	defer func() {
		if err := srv.Stop(ctx); err != nil {
			t.Errorf("%s: stop: %v", what, err)
		}
	}()
	db, err := pgx.Connect(ctx, fmt.Sprintf("postgres://tributary@%s/tributary?sslmode=disable", srv.PGAddr))
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return "", "no connection"
	}
	defer db.Close(ctx)
	served = "served"
	for relation, least := range map[string]int{"t": least, "s": least, "o": min(least, inObject)} {
		told, err := check(ctx, db, relation, least)
		if err != nil {
			t.Errorf("%s: %s: %v", what, relation, err)
		}
		if told {
			served = "told at read"
		}
	}
	return "", served
}

// check reads a relation: rows 0 to n-1, at least `least` of them, or an error that says so. With
// least 0 the relation may be gone.
func check(ctx context.Context, db *pgx.Conn, relation string, least int) (told bool, err error) {
	rows, err := db.Query(ctx, "SELECT id, v FROM "+relation+" ORDER BY id", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return true, answered(err, least)
	}
	n := 0
	for ; rows.Next(); n++ {
		var id int
		var v string
		if err := rows.Scan(&id, &v); err != nil {
			return false, err
		}
		if id != n || v != fmt.Sprint("row ", id) {
			return false, fmt.Errorf("row %d is %d, %q", n, id, v)
		}
	}
	if err := rows.Err(); err != nil {
		return true, answered(err, least)
	}
	if n < least {
		return false, fmt.Errorf("%d rows, %d were acknowledged", n, least)
	}
	return false, nil
}

// answered: the server may say that something is damaged, or, after a loss, that it is not there.
func answered(err error, least int) error {
	var e *pgconn.PgError
	if errors.As(err, &e) && (e.Code == "XX001" || least == 0 && e.Code == "42P01") {
		return nil
	}
	return err
}
