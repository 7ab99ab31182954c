package nexmark

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var rewrite = flag.Bool("rewrite", false, "write the golden file anew")

func generator(t testing.TB, c Config) *Generator {
	t.Helper()
	g, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// lines are the wide forms of positions [from, to), in order.
func lines(g *Generator, from, to int64) []byte {
	var out []byte
	var e Event
	for i := from; i < to; i++ {
		g.At(i, &e)
		out = append(e.AppendWide(out), '\n')
	}
	return out
}

// TestGolden holds the bytes for ever: data sets and stored positions depend on them.
func TestGolden(t *testing.T) {
	got := lines(generator(t, Config{Seed: 1}), 0, 104)
	got = append(got, lines(generator(t, Config{Seed: 7, Rate: 333, OutOfOrderGroup: 20, BaseTime: time.Unix(1_700_000_000, 0)}), 1_000_000, 1_000_020)...)
	g, e := generator(t, Config{Seed: 1}), Event{}
	for i := range int64(6) {
		g.At(i, &e)
		got = append(e.AppendFlat(got), '\n')
	}
	const path = "testdata/golden.jsonl"
	if *rewrite {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		a, b := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
		for i := range min(len(a), len(b)) {
			if !bytes.Equal(a[i], b[i]) {
				t.Fatalf("line %d\n got %s\nwant %s", i+1, a[i], b[i])
			}
		}
		t.Fatalf("%d lines, want %d", len(a), len(b))
	}
}

// TestAnySplit: pieces made by generators of their own, in any order, are the whole.
func TestAnySplit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := Config{
			Seed: rapid.Uint64().Draw(rt, "seed"), Rate: rapid.Int64Range(1, 1e6).Draw(rt, "rate"),
			OutOfOrderGroup: rapid.Int64Range(1, 300).Draw(rt, "group"),
		}
		start := rapid.Int64Range(0, 1e9).Draw(rt, "start")
		n := rapid.Int64Range(0, 400).Draw(rt, "n")
		cuts := append(rapid.SliceOfN(rapid.Int64Range(0, n), 0, 6).Draw(rt, "cuts"), 0, n)
		slices.Sort(cuts)
		pieces := make([][]byte, len(cuts)-1)
		order := make([]int, len(pieces))
		for i := range order {
			order[i] = i
		}
		shared := generator(t, c)
		for _, i := range rapid.Permutation(order).Draw(rt, "order") {
			g := shared
			if rapid.Bool().Draw(rt, "own") {
				g = generator(t, c)
			}
			pieces[i] = lines(g, start+cuts[i], start+cuts[i+1])
		}
		if want := lines(generator(t, c), start, start+n); !bytes.Equal(bytes.Join(pieces, nil), want) {
			rt.Fatal("a split changes the events")
		}
	})
}

// TestOutOfOrder: a group has the events that it has in order, times within the group's span.
func TestOutOfOrder(t *testing.T) {
	const group, groups = 100, 20
	inOrder, mixed := generator(t, Config{Seed: 3}), generator(t, Config{Seed: 3, OutOfOrderGroup: group})
	moved := 0
	for at := int64(0); at < group*groups; at += group {
		a := strings.Split(strings.TrimSpace(string(lines(inOrder, at, at+group))), "\n")
		b := strings.Split(strings.TrimSpace(string(lines(mixed, at, at+group))), "\n")
		for i := range a {
			if a[i] != b[i] {
				moved++
			}
		}
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			t.Fatalf("the group at %d has other events", at)
		}
	}
	if moved < group*groups/2 {
		t.Errorf("only %d of %d events moved", moved, group*groups)
	}
}

func TestKindsIdsAndTimes(t *testing.T) {
	const n = 50_000
	g := generator(t, Config{Seed: 42, Rate: 3})
	var e Event
	var count [3]int
	people, auctions := int64(firstID), int64(firstID)
	for i := range int64(n) {
		g.At(i, &e)
		if e.Kind != g.Kind(i) || e.Number != i {
			t.Fatalf("event %d is number %d, kind %d, announced as %d", i, e.Number, e.Kind, g.Kind(i))
		}
		if want := DefaultBaseTime.UnixMilli() + i*1000/3; e.Millis != want {
			t.Fatalf("event %d at %d, want %d", i, e.Millis, want)
		}
		count[e.Kind]++
		switch e.Kind {
		case Person:
			if e.Person.ID != people {
				t.Fatalf("event %d: person %d, want %d", i, e.Person.ID, people)
			}
			people++
		case Auction:
			a := &e.Auction
			if a.ID != auctions {
				t.Fatalf("event %d: auction %d, want %d", i, a.ID, auctions)
			}
			auctions++
			if a.Seller < firstID || a.Seller >= people+idLead || a.Category < 10 || a.Category > 14 ||
				a.Reserve <= a.InitialBid || a.ExpiresMillis <= e.Millis {
				t.Fatalf("event %d: %+v", i, a)
			}
		case Bid:
			b := &e.Bid
			if b.Auction < max(firstID, (auctions-1-openAuctions)/hotStride*hotStride) || b.Auction >= auctions+idLead ||
				b.Bidder < firstID || b.Bidder >= people+idLead || b.Price < 100 || b.Price > 100_000_000 {
				t.Fatalf("event %d: %+v with %d auctions and %d people", i, b, auctions, people)
			}
		}
	}
	if want := [3]int{n / 50, n / 50 * 3, n / 50 * 46}; count != want {
		t.Errorf("kinds %v, want %v", count, want)
	}
}

// TestShares checks what is drawn at random, over enough events that chance does not matter.
func TestShares(t *testing.T) {
	const n = 200_000
	g := generator(t, Config{Seed: 5})
	var e Event
	var bids, hotAuction, hotBidder, named, auctions, hotSeller float64
	var decades [6]float64
	var size [3]float64
	var json []byte
	pages := map[string]string{}
	for i := range int64(n) {
		g.At(i, &e)
		json = e.AppendFlat(json[:0])
		size[e.Kind] += float64(len(json))
		switch e.Kind {
		case Auction:
			auctions++
			hotSeller += oneIf(e.Auction.Seller%hotStride == 0)
		case Bid:
			bids++
			hotAuction += oneIf(e.Bid.Auction == firstID+lastAuction(i)/hotStride*hotStride)
			hotBidder += oneIf(e.Bid.Bidder%hotStride == 1)
			named += oneIf(slices.Contains(hotChannels, string(e.Bid.Channel)))
			decades[min(int(math.Log10(float64(e.Bid.Price)/100)), 5)]++
			if page, ok := pages[string(e.Bid.Channel)]; ok && page != string(e.Bid.URL) {
				t.Fatalf("channel %s has the pages %s and %s", e.Bid.Channel, page, e.Bid.URL)
			}
			pages[string(e.Bid.Channel)] = string(e.Bid.URL)
		}
	}
	near(t, "bids on the hot auction", hotAuction/bids, 0.5+0.5/110, 0.02)
	near(t, "bids of the hot bidder", hotBidder/bids, 0.75+0.25/100, 0.02)
	near(t, "sold by the hot seller", hotSeller/auctions, 0.75+0.25/100, 0.02)
	near(t, "bids of named channels", named/bids, 0.5, 0.01)
	for d, v := range decades {
		near(t, "prices of decade "+string(rune('0'+d)), v/bids, 1.0/6, 0.01)
	}
	withID := 0.0
	for _, url := range pages {
		withID += oneIf(strings.Contains(url, "&channel_id="))
	}
	near(t, "pages with a channel id", withID/float64(len(pages)), 0.9, 0.02)
	t.Logf("JSON bytes: person %.0f, auction %.0f, bid %.0f", size[Person]/n*50, size[Auction]/n*50/3, size[Bid]/n*50/46)
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func near(t *testing.T, what string, got, want, slack float64) {
	t.Helper()
	if math.Abs(got-want) > slack {
		t.Errorf("%s: %.4f, want %.4f", what, got, want)
	}
}

// TestPriceLaw compares the fixed-point law with the real one over its whole range.
func TestPriceLaw(t *testing.T) {
	for u := range 1 << 20 {
		got := float64((times(coarse[u>>10], fine[u&1023]) + 1<<(priceBits-1)) >> priceBits)
		if want := math.Round(math.Pow(10, 6*float64(u)/(1<<20)) * 100); math.Abs(got-want) > 1 {
			t.Fatalf("u = %d/2^20: %v, want %v", u, got, want)
		}
	}
}

// TestJSON: both forms are valid and have the same values; the flat one has its table's columns.
func TestJSON(t *testing.T) {
	g := generator(t, Config{Seed: 9})
	var e Event
	for i := range int64(500) {
		g.At(i, &e)
		table := []Table{TablePerson, TableAuction, TableBid}[e.Kind]
		flat := fields(t, e.AppendFlat(nil))
		var names []string
		for _, c := range Columns(table) {
			names = append(names, c.Name)
		}
		var wide map[string]json.RawMessage
		if err := json.Unmarshal(e.AppendWide(nil), &wide); err != nil {
			t.Fatal(err)
		}
		if string(wide["event_type"]) != string(rune('0'+e.Kind)) || len(wide) != 4 {
			t.Fatalf("wide form %s", e.AppendWide(nil))
		}
		inner := fields(t, wide[string(table)])
		for k, name := range names {
			if flat[k][0] != name {
				t.Fatalf("field %d is %s, the column %s", k, flat[k][0], name)
			}
			camel := strings.ReplaceAll(name, "_", "")
			if !strings.EqualFold(inner[k][0], camel) || inner[k][1] != flat[k][1] {
				t.Fatalf("flat %v, wide %v", flat[k], inner[k])
			}
		}
		if len(flat) != len(names) || len(inner) != len(names) {
			t.Fatalf("%d and %d fields, %d columns", len(flat), len(inner), len(names))
		}
		for _, other := range []Table{TablePerson, TableAuction, TableBid} {
			if other != table && string(wide[string(other)]) != "null" {
				t.Fatalf("%s is not null: %s", other, e.AppendWide(nil))
			}
			if other.Has(e.Kind) != (other == table) || !TableAll.Has(e.Kind) {
				t.Fatalf("%s has kind %d: %v", other, e.Kind, other.Has(e.Kind))
			}
		}
	}
}

// fields of a JSON object in order, as name and text.
func fields(t *testing.T, src []byte) (out [][2]string) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	for depth := 0; d.More() || depth == 0; depth = 1 {
		name, err := d.Token()
		if err == nil && depth == 0 {
			continue
		}
		value, err2 := d.Token()
		if err := errors.Join(err, err2); err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		switch v := value.(type) {
		case string:
			out = append(out, [2]string{name.(string), v})
		case json.Number:
			out = append(out, [2]string{name.(string), v.String()})
		default:
			t.Fatalf("%s: %v", src, value)
		}
	}
	return out
}

func TestRefusedConfigs(t *testing.T) {
	for _, c := range []Config{
		{Rate: -1}, {Rate: MaxRate + 1}, {OutOfOrderGroup: -1}, {OutOfOrderGroup: MaxOutOfOrderGroup + 1},
		{OutOfOrderGroup: 953}, {OutOfOrderGroup: 953 * 2}, {BaseTime: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if _, err := New(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestParseSource(t *testing.T) {
	s, err := ParseSource(map[string]string{"connector": "nexmark", "table": "auction", "rate": "500", "events": "1000",
		"seed": "18446744073709551615", "base_time": "2024-02-29 12:30:00"})
	want := Source{Table: TableAuction, Events: 1000, Config: Config{Seed: math.MaxUint64, Rate: 500, OutOfOrderGroup: 1,
		BaseTime: time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC)}}
	if err != nil || s != want {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = ParseSource(map[string]string{"table": "bid"}); err != nil || s.Events != 0 ||
		s.Config != (Config{Rate: DefaultRate, BaseTime: DefaultBaseTime, OutOfOrderGroup: 1}) {
		t.Errorf("%+v, %v", s, err)
	}
	for name, values := range map[string][]string{
		"table": {"", "all", "bids"}, "rate": {"0", "-1", "x", "1.5", "99999999999"}, "events": {"-1", "1e3"},
		"seed": {"-1", "x"}, "base_time": {"", "yesterday", "2024-13-01", "0000-01-01"},
	} {
		for _, v := range values {
			o := map[string]string{"table": "bid"}
			o[name] = v
			var bad *OptionError
			if _, err := ParseSource(o); !errors.As(err, &bad) || bad.Name != name || bad.Value != v {
				t.Errorf("%s = %q: %v", name, v, err)
			}
		}
	}
}

func TestNoAllocations(t *testing.T) {
	g := generator(t, Config{Seed: 1})
	var e Event
	b := make([]byte, 0, 4096)
	i := int64(0)
	if n := testing.AllocsPerRun(2000, func() {
		g.At(i, &e)
		b = e.AppendFlat(b[:0])
		i++
	}); n != 0 {
		t.Errorf("%v allocations for each event", n)
	}
}

func BenchmarkFlat(b *testing.B) {
	g := generator(b, Config{Seed: 1})
	var e Event
	buf := make([]byte, 0, 4096)
	bytes := 0
	b.ReportAllocs()
	for i := range b.N {
		g.At(int64(i), &e)
		buf = e.AppendFlat(buf[:0])
		bytes += len(buf)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.SetBytes(int64(bytes / b.N))
}
