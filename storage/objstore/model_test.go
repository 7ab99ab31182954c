package objstore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestModel does random calls on a store and on a map, and expects the same of both.
func TestModel(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			base := fmt.Sprintf("round%06d", round) // rounds share the store, not the keys
			fresh, err := WithPrefix(s, base)
			if err != nil {
				rt.Fatal(err)
			}
			m := model{t: rt, ctx: t, store: fresh, content: map[string]string{}, etags: map[string]string{}}
			for range rapid.IntRange(1, 12).Draw(rt, "calls") {
				m.step()
			}
			m.list("", "")
		})
	})
}

type model struct {
	t       *rapid.T
	ctx     *testing.T
	store   Store
	content map[string]string
	etags   map[string]string
}

var modelKeys = []string{"a", "b/1", "b/2", "b-1", "b.1", "b0/c/d", "z"}

func (m *model) step() {
	key := rapid.SampledFrom(modelKeys).Draw(m.t, "key")
	switch rapid.SampledFrom([]string{"put", "absent", "match", "stale", "get", "delete", "list"}).Draw(m.t, "call") {
	case "put":
		m.put(key, Condition{}, nil)
	case "absent":
		var want error
		if _, exists := m.content[key]; exists {
			want = ErrPrecondition
		}
		m.put(key, Condition{IfAbsent: true}, want)
	case "match":
		if etag := m.etags[key]; etag != "" {
			m.put(key, Condition{IfMatch: etag}, nil)
		}
	case "stale":
		m.put(key, Condition{IfMatch: `"d41d8cd98f00b204e9800998ecf8427e"`}, ErrPrecondition)
	case "get":
		m.get(key)
	case "delete":
		if err := m.store.Delete(m.ctx.Context(), key); err != nil {
			m.t.Fatal(err)
		}
		delete(m.content, key)
		delete(m.etags, key)
	case "list":
		m.list(rapid.SampledFrom([]string{"", "b", "b/", "b0/", "q"}).Draw(m.t, "prefix"), rapid.SampledFrom([]string{"", "a", "b/1", "b0"}).Draw(m.t, "after"))
	}
}

func (m *model) put(key string, cond Condition, want error) {
	value := rapid.StringN(1, 20, 40).Draw(m.t, "value")
	cut := len(value) / 2
	info, err := m.store.Put(m.ctx.Context(), key, [][]byte{[]byte(value[:cut]), []byte(value[cut:])}, cond)
	if !errors.Is(err, want) {
		m.t.Fatalf("put %s %+v: %v, want %v", key, cond, err, want)
	}
	if err == nil {
		m.content[key], m.etags[key] = value, info.ETag
	}
}

func (m *model) get(key string) {
	want, exists := m.content[key]
	off := rapid.Int64Range(-50, 50).Draw(m.t, "offset")
	dst := make([]byte, rapid.IntRange(1, 50).Draw(m.t, "size"))
	n, err := m.store.GetRange(m.ctx.Context(), key, off, dst)
	start := off
	if off < 0 {
		start = max(int64(len(want))+off, 0)
	}
	switch {
	case !exists:
		if !errors.Is(err, ErrNotFound) {
			m.t.Fatalf("get %s: %v", key, err)
		}
	case start >= int64(len(want)):
		if !errors.Is(err, ErrRange) {
			m.t.Fatalf("get %s at %d of %d: %v", key, off, len(want), err)
		}
	default:
		expected := want[start:min(int64(len(want)), start+int64(len(dst)))]
		if err != nil || string(dst[:n]) != expected {
			m.t.Fatalf("get %s at %d: %q, %v, want %q", key, off, dst[:n], err, expected)
		}
	}
}

func (m *model) list(prefix, after string) {
	var want, got []string
	for key, value := range m.content {
		if strings.HasPrefix(key, prefix) && key > after {
			want = append(want, fmt.Sprint(key, len(value), m.etags[key]))
		}
	}
	for info, err := range m.store.List(m.ctx.Context(), prefix, after) {
		if err != nil {
			m.t.Fatal(err)
		}
		got = append(got, fmt.Sprint(info.Key, info.Size, info.ETag))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		m.t.Fatalf("list %q after %q: %q, want %q", prefix, after, got, want)
	}
}
