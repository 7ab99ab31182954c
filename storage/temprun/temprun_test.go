package temprun_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/temprun"
)

var types = []sqltype.OID{sqltype.Int8, sqltype.Text, sqltype.Numeric, sqltype.Bool, sqltype.UUID, sqltype.Interval, sqltype.Float4}

func open(t *testing.T, room func(int64) bool) (*temprun.Space, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "temp")
	s, err := temprun.Open(dir, room)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// rows are n random rows of every kind of value: NULLs, long texts, numerics past 64 bits.
func rows(r *rand.Rand, n int) *delta.BatchBuilder {
	b := delta.NewBatchBuilder(types)
	for range n {
		k := r.IntN(1 << 20)
		for i, c := range b.Cols {
			if r.IntN(6) == 0 {
				c.AppendNull()
				continue
			}
			switch i {
			case 0:
				delta.Append(c, int64(k))
			case 1:
				length := k % 50
				if k%500 == 0 {
					length = 300 << 10
				}
				c.AppendString(strings.Repeat("x", length) + fmt.Sprint(k))
			case 2:
				d, err := decimal.Parse([]byte(fmt.Sprintf("%d%s.%d", k, strings.Repeat("9", k%60), k%7)))
				if err != nil {
					panic(err)
				}
				c.AppendNumeric(d)
			case 3:
				c.AppendBool(k%2 == 0)
			case 4:
				delta.Append(c, [16]byte{byte(k), 15: byte(k >> 8)})
			case 5:
				delta.Append(c, delta.Interval{Months: int32(k % 5), Days: int32(k), Micros: int64(k)})
			case 6:
				delta.Append(c, float32(k)/3)
			}
		}
		b.End(int64(1 + k%3))
	}
	return b
}

// images are the rows of batches, with their weights.
func images(out []string, d *delta.Batch, sel []int32) []string {
	for _, row := range sel {
		out = append(out, fmt.Sprint(d.Weight(row), string(delta.AppendRow(nil, d.Cols, row))))
	}
	return out
}

func upTo(n int) (sel []int32) {
	for i := range int32(n) {
		sel = append(sel, i)
	}
	return sel
}

// TestRandom writes several runs at once, reads and releases them in any order: each is what was
// written, and what is released is used again.
func TestRandom(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		space, dir := open(t, nil)
		file := space.File(0)
		type run struct {
			w    *temprun.Writer
			run  *temprun.Run
			rows []string
		}
		var runs []*run
		for range 120 {
			switch k := r.IntN(6); {
			case k == 0 || len(runs) == 0:
				runs = append(runs, &run{w: file.NewRun(types, 1<<(10+r.IntN(9)))})
			case k < 4:
				at := runs[r.IntN(len(runs))]
				if at.run != nil {
					continue
				}
				b := rows(r, 1+r.IntN(1500)).Batch()
				var sel []int32
				if r.IntN(2) == 0 {
					sel = upTo(b.Len)
					r.Shuffle(len(sel), func(i, j int) { sel[i], sel[j] = sel[j], sel[i] })
					sel = sel[:r.IntN(len(sel)+1)]
				}
				if err := at.w.Append(&b, sel); err != nil {
					t.Fatal(err)
				}
				if sel == nil {
					sel = upTo(b.Len)
				}
				at.rows = images(at.rows, &b, sel)
			case k == 4:
				at := runs[r.IntN(len(runs))]
				if at.run == nil {
					var err error
					if at.run, err = at.w.Finish(); err != nil {
						t.Fatal(err)
					}
				}
				read(t, at.run, at.rows)
			default:
				i := r.IntN(len(runs))
				if runs[i].run == nil {
					runs[i].w.Abandon()
				} else {
					runs[i].run.Release()
				}
				runs = append(runs[:i], runs[i+1:]...)
			}
		}
		for _, at := range runs {
			if at.run != nil {
				read(t, at.run, at.rows)
				at.run.Release()
			} else {
				at.w.Abandon()
			}
		}
		if s := space.Stats(); s.Bytes != 0 || file.Bytes() != 0 || s.Files != 1 {
			t.Fatalf("%+v after everything was released", s)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Fatalf("%v can be seen while it is used", left)
		}
		if err := file.Close(); err != nil || space.Stats().Files != 0 {
			t.Fatal(err, space.Stats())
		}
	}
}

func read(t *testing.T, run *temprun.Run, want []string) {
	t.Helper()
	var got []string
	for r := run.Open(); ; {
		var d delta.Batch
		more, err := r.Next(&d)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
		got = images(got, &d, upTo(d.Len))
	}
	if int64(len(got)) != run.Rows() || strings.Join(got, "|") != strings.Join(want, "|") {
		t.Fatalf("%d rows are read, %d were written", len(got), len(want))
	}
}

// TestBytes writes runs of bytes beside runs of rows in one file, and reads them anywhere.
func TestBytes(t *testing.T) {
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 2))
		space, _ := open(t, nil)
		file := space.File(0)
		runs, want := make([]*temprun.Bytes, 3), make([][]byte, 3)
		for i := range runs {
			runs[i] = file.NewBytes()
		}
		for range 30 {
			i := r.IntN(len(runs))
			p := make([]byte, r.IntN(1<<(8+r.IntN(13))))
			for j := range p {
				p[j] = byte(r.Uint32())
			}
			if n, err := runs[i].Write(p); n != len(p) || err != nil {
				t.Fatal(n, err)
			}
			want[i] = append(want[i], p...)
			if r.IntN(10) == 0 {
				if err := write(file); err != nil {
					t.Fatal(err)
				}
			}
			if r.IntN(20) == 0 {
				runs[i].Release()
				runs[i], want[i] = file.NewBytes(), nil
			}
			for i, run := range runs {
				if run.Size() != int64(len(want[i])) {
					t.Fatalf("size %d, want %d", run.Size(), len(want[i]))
				}
				at, p := r.IntN(len(want[i])+1), make([]byte, r.IntN(600<<10))
				n, err := run.ReadAt(p, int64(at))
				if wantN := min(len(p), len(want[i])-at); n != wantN || !bytes.Equal(p[:n], want[i][at:at+n]) || (n < len(p)) != (err == io.EOF) && len(p) > 0 {
					t.Fatalf("%d bytes at %d of %d: %d, %v", len(p), at, len(want[i]), n, err)
				}
			}
		}
		if err := file.Close(); err != nil || space.Stats().Bytes != 0 {
			t.Fatal(err, space.Stats())
		}
	}
	space, _ := open(t, nil)
	file := space.File(1 << 20)
	defer file.Close()
	run := file.NewBytes()
	if _, err := run.Write(make([]byte, 1<<20+1)); sqlerr.CodeOf(err) != sqlerr.ConfigurationLimitExceeded || run.Size() != 0 {
		t.Fatal(err, run.Size())
	}
}

// write writes a megabyte or two.
func write(file *temprun.File) error {
	r := rand.New(rand.NewPCG(1, 1))
	w := file.NewRun(types, 64<<10)
	for range 30 {
		b := rows(r, 1000).Batch()
		if err := w.Append(&b, nil); err != nil {
			return err
		}
	}
	_, err := w.Finish()
	return err
}

func TestLimits(t *testing.T) {
	space, _ := open(t, nil)
	file := space.File(300 << 10)
	defer file.Close()
	if err := write(file); sqlerr.CodeOf(err) != sqlerr.ConfigurationLimitExceeded || !strings.Contains(err.Error(), "temp_file_limit (300kB)") {
		t.Fatal(err)
	}
	if s := space.Stats(); s.Refused != 1 || s.Bytes > 300<<10 {
		t.Fatalf("%+v", s)
	}
	left := int64(500 << 10)
	space, _ = open(t, func(bytes int64) bool { left -= bytes; return left > 0 })
	full := space.File(0)
	defer full.Close()
	if err := write(full); sqlerr.CodeOf(err) != sqlerr.DiskFull {
		t.Fatal(err)
	}
	left = 1 << 40
	if err := write(full); err != nil {
		t.Fatalf("there is room again: %v", err)
	}
}

// TestOpenRemovesWhatWasLeft, and nothing else.
func TestOpenRemovesWhatWasLeft(t *testing.T) {
	_, dir := open(t, nil)
	left, other := filepath.Join(dir, "statement-1.temp"), filepath.Join(dir, "keep")
	for _, path := range []string{left, other} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := temprun.Open(dir, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Fatalf("what an earlier process left: %v", err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatal(info.Mode(), err)
	}
}

// TestWritersAtOnce: several goroutines write and read runs of one file.
func TestWritersAtOnce(t *testing.T) {
	space, _ := open(t, nil)
	file := space.File(0)
	var all sync.WaitGroup
	for seed := range uint64(4) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, 5))
			for range 6 {
				w := file.NewRun(types, 16<<10)
				var want []string
				for range 1 + r.IntN(5) {
					b := rows(r, 1+r.IntN(900)).Batch()
					if err := w.Append(&b, nil); err != nil {
						t.Error(err)
						return
					}
					want = images(want, &b, upTo(b.Len))
				}
				run, err := w.Finish()
				if err != nil {
					t.Error(err)
					return
				}
				var got []string
				reader := run.Open()
				for more := true; more; {
					var d delta.Batch
					if more, err = reader.Next(&d); err != nil {
						t.Error(err)
						return
					}
					got = images(got, &d, upTo(d.Len))
				}
				if strings.Join(got, "|") != strings.Join(want, "|") {
					t.Errorf("%d rows are read, %d were written", len(got), len(want))
				}
				run.Release()
			}
		})
	}
	all.Wait()
	if s := space.Stats(); s.Bytes != 0 || s.Files != 1 {
		t.Errorf("%+v", s)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}
