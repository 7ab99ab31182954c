package backup_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/storage/backup"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

// pruned is a backup of four points, of which the first alone has the copy of object 0.
func pruned(t *testing.T) (*database, *objstore.Mem) {
	t.Helper()
	d, to := newDatabase(t), objstore.NewMem()
	for i := range 4 {
		d.grow(t)
		if i == 1 { // rolled, say
			if err := d.objects.Delete(t.Context(), "log/00/1-1-0-x.strm"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.backup(t, to, backup.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	return d, to
}

func keys(t *testing.T, s objstore.Store) (out []string) {
	t.Helper()
	for o, err := range s.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o.Key)
	}
	return out
}

// whole fetches each point that is left.
func whole(t *testing.T, from objstore.Store) int {
	t.Helper()
	points, err := backup.Points(t.Context(), from, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range points {
		if err := backup.ReadMeta(t.Context(), from, p, func(_, _ []byte) error { return nil }); err != nil {
			t.Error(err)
		}
		if _, err := backup.Fetch(t.Context(), from, p.Objects, objstore.NewMem(), backup.Options{Clock: clock.Real{}}); err != nil {
			t.Error(err)
		}
	}
	return len(points)
}

// TestPrune: old points go with what they alone have; those that stay are whole, and the next backup copies no more than before.
func TestPrune(t *testing.T) {
	d, to := pruned(t)
	for _, want := range []struct{ keep, points, objects, left int }{{0, 0, 0, 4}, {4, 0, 0, 4}, {3, 1, 1, 3}, {3, 0, 0, 3}, {1, 2, 0, 1}, {5, 0, 0, 1}} {
		points, objects, err := backup.Prune(t.Context(), to, want.keep)
		if left := whole(t, to); err != nil || points != want.points || objects != want.objects || left != want.left {
			t.Errorf("keep %d: %d points and %d objects went, %d points are left, %v; want %+v", want.keep, points, objects, left, err, want)
		}
	}
	if got := keys(t, to); len(got) != 1+3+2 { // backup.json, objects 1 to 3, a point and its base
		t.Errorf("%v is left", got)
	}
	d.grow(t)
	if made, err := d.backup(t, to, backup.Options{}); err != nil || made.Copied.Objects != 1 {
		t.Errorf("the next backup copied %+v, %v", made.Copied, err)
	}
	if _, err := to.Put(t.Context(), "objects/log/00/left-by-a-crash.strm", [][]byte{{1}}, objstore.Condition{}); err != nil {
		t.Fatal(err)
	}
	if _, objects, err := backup.Prune(t.Context(), to, 9); err != nil || objects != 1 {
		t.Errorf("%d copies that no point names went, %v", objects, err)
	}
}

// TestPruneCutOff: whatever call fails, what is left is whole, and the next call goes on.
func TestPruneCutOff(t *testing.T) {
	cut := 0
	for skip := range 6 {
		for _, ambiguous := range []bool{false, true} {
			_, mem := pruned(t)
			to := objstoretest.NewFaulty(mem)
			f := objstoretest.Fault{Op: objstoretest.OpDelete, Skip: skip, Times: 1, Ambiguous: ambiguous}
			if !ambiguous {
				f.Err = errors.New("refused")
			}
			to.Inject(f)
			if _, _, err := backup.Prune(t.Context(), to, 2); err != nil {
				cut++
			}
			whole(t, mem)
			to.Heal()
			if _, _, err := backup.Prune(t.Context(), to, 2); err != nil || whole(t, mem) != 2 || len(keys(t, mem)) != 1+3+4 {
				t.Errorf("fault %d: %v is left, %v", skip, keys(t, mem), err)
			}
		}
	}
	if cut == 0 {
		t.Error("nothing was cut off")
	}
}

// TestPruneDamaged: with a point that cannot be read nothing is removed.
func TestPruneDamaged(t *testing.T) {
	_, to := pruned(t)
	if _, err := to.Put(t.Context(), "points/00000000000000000000-x.json", [][]byte{[]byte("{")}, objstore.Condition{}); err != nil {
		t.Fatal(err)
	}
	before := keys(t, to)
	if _, _, err := backup.Prune(t.Context(), to, 1); !errors.Is(err, backup.ErrCorrupt) || len(keys(t, to)) != len(before) {
		t.Errorf("%v, %d of %d objects are left", err, len(keys(t, to)), len(before))
	}
}

// TestOwner: whose backup a place is, is told in one line, also where that cannot be told.
func TestOwner(t *testing.T) {
	for _, tc := range []struct {
		text string
		is   error
		says string
	}{
		{`{"cluster_id": "Other", "format_version": 1}`, backup.ErrForeign, `says cluster "Other", this is "` + cluster + `"`},
		{"{\"clus\n\n", backup.ErrCorrupt, `backup.json is damaged, so whose backup it is cannot be told: if its points are of this database, write {"cluster_id": "` + cluster},
		{"", backup.ErrCorrupt, "is damaged"},
		{`{"cluster_id": "` + cluster + `", "format_version": 7}`, nil, "format 7"},
	} {
		d, to := newDatabase(t), objstore.NewMem()
		d.grow(t)
		if _, err := to.Put(t.Context(), "backup.json", [][]byte{[]byte(tc.text)}, objstore.Condition{}); err != nil {
			t.Fatal(err)
		}
		_, err := d.backup(t, to, backup.Options{})
		if err == nil || tc.is != nil && !errors.Is(err, tc.is) || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", tc.text, err)
		}
	}
}
