package pgregress

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// count is what a file came to.
type count struct {
	file     string
	verdicts [differs + 1]int
	aside    int
}

func (c count) asked() int {
	n := 0
	for _, v := range c.verdicts {
		n += v
	}
	return n
}

// same counts the errors whose text alone differs as equal: clients go by the SQLSTATE.
func (c count) same() int { return c.verdicts[equal] + c.verdicts[sayDiffers] }

// miss is one statement that has another answer.
type miss struct {
	file    string
	line    int
	text    string
	verdict verdict
	why     string
}

// page writes the table of the files.
func page(w io.Writer, counts []count) {
	var all count
	for _, c := range counts {
		all.aside += c.aside
		for i, v := range c.verdicts {
			all.verdicts[i] += v
		}
	}
	fmt.Fprintf(w, "%d of %d statements have PostgreSQL's answer (%.1f %%), %d of them an error with another text; %d refused here, %d answered that PostgreSQL refuses, %d others. %d are kept out.\n\n",
		all.same(), all.asked(), share(all), all.verdicts[sayDiffers], all.verdicts[refused], all.verdicts[accepted], all.verdicts[differs], all.aside)
	fmt.Fprintln(w, "| file | statements | PostgreSQL's answer | share | refused here | other | kept out |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
	for _, c := range counts {
		fmt.Fprintf(w, "| %s | %d | %d | %.0f %% | %d | %d | %d |\n", c.file, c.asked(), c.same(), share(c), c.verdicts[refused], c.verdicts[accepted]+c.verdicts[differs], c.aside)
	}
}

func share(c count) float64 {
	if c.asked() == 0 {
		return 100
	}
	return 100 * float64(c.same()) / float64(c.asked())
}

// reasons writes what is missed most often first, with an example of each.
func reasons(w io.Writer, misses []miss) {
	kinds := map[string][]miss{}
	for _, m := range misses {
		why := m.why
		if m.verdict == differs || m.verdict == accepted {
			why = shape(why)
		}
		kinds[why] = append(kinds[why], m)
	}
	order := slices.SortedFunc(maps.Keys(kinds), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(kinds[b]), len(kinds[a])), cmp.Compare(a, b))
	})
	for _, k := range order {
		first := kinds[k][0]
		fmt.Fprintf(w, "%5d  %s\n       %s:%d %s\n", len(kinds[k]), clip(k), first.file, first.line, clip(strings.Join(strings.Fields(first.text), " ")))
	}
}

// shape drops what is quoted from a reason, so that the same one of different values is one.
func shape(why string) string {
	if at := strings.IndexByte(why, '"'); at > 0 && strings.HasPrefix(why, "row") {
		return why[:at]
	}
	return why
}
