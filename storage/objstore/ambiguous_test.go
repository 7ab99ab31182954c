package objstore_test

import (
	"strings"
	"testing"

	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

// TestClaimAmbiguous: an answer that does not come back is resolved by what is there.
func TestClaimAmbiguous(t *testing.T) {
	info := objstore.WriterInfo{
		Cluster: strings.Repeat("C", 21) + "A", Meta: strings.Repeat("M", 21) + "A", Instance: strings.Repeat("a", 21) + "A",
		Timelines: []objstore.Timeline{{Number: 2, Kept: 7}}, Writer: 1, Fence: 1,
	}
	for _, happened := range []bool{true, false} {
		f := objstoretest.NewFaulty(objstore.NewMem())
		f.Inject(objstoretest.Fault{Op: objstoretest.OpPut, Times: 1, Ambiguous: happened, Err: objstore.ErrUnknown})
		c, err := objstore.Take(t.Context(), f, "", info)
		if (err == nil) != happened {
			t.Fatalf("happened %v: %v", happened, err)
		}
		if happened {
			if err := c.Look(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestClusterAmbiguous(t *testing.T) {
	for _, happened := range []bool{true, false} {
		f := objstoretest.NewFaulty(objstore.NewMem())
		f.Inject(objstoretest.Fault{Op: objstoretest.OpPut, Times: 1, Ambiguous: happened, Err: objstore.ErrUnknown})
		if err := objstore.PutCluster(t.Context(), f, strings.Repeat("A", 22), false); (err == nil) != happened {
			t.Errorf("happened %v: %v", happened, err)
		}
	}
}
