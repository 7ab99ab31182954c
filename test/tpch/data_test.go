package tpch

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// How many rows there are.
const (
	suppliers = 20
	parts     = 160
	customers = 90
	orders    = 500
)

var (
	regions = []string{"AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"}
	nations = []struct {
		name   string
		region int
	}{
		{"ALGERIA", 0}, {"ARGENTINA", 1}, {"BRAZIL", 1}, {"CANADA", 1}, {"EGYPT", 4}, {"ETHIOPIA", 0}, {"FRANCE", 3}, {"GERMANY", 3}, {"INDIA", 2},
		{"INDONESIA", 2}, {"IRAN", 4}, {"IRAQ", 4}, {"JAPAN", 2}, {"JORDAN", 4}, {"KENYA", 0}, {"MOROCCO", 0}, {"MOZAMBIQUE", 0}, {"PERU", 1},
		{"CHINA", 2}, {"ROMANIA", 3}, {"SAUDI ARABIA", 4}, {"VIETNAM", 2}, {"RUSSIA", 3}, {"UNITED KINGDOM", 3}, {"UNITED STATES", 1},
	}
	colors     = strings.Fields("almond antique aquamarine azure beige bisque black blanched blue blush brown forest green grey honeydew")
	syllables  = [3][]string{strings.Fields("STANDARD SMALL MEDIUM LARGE ECONOMY PROMO"), strings.Fields("ANODIZED BURNISHED PLATED POLISHED BRUSHED"), strings.Fields("TIN NICKEL BRASS STEEL COPPER")}
	containers = [2][]string{strings.Fields("SM LG MED JUMBO WRAP"), strings.Fields("CASE BOX BAG JAR PKG PACK CAN DRUM")}
	segments   = strings.Fields("AUTOMOBILE BUILDING FURNITURE MACHINERY HOUSEHOLD")
	priorities = []string{"1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"}
	instructs  = []string{"DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"}
	modes      = []string{"REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"}
	words      = strings.Fields("furiously special packages requests Customer Complaints deposits accounts quickly pending")
)

// data makes rows.
type data struct{ *rand.Rand }

func (d data) one(of []string) string { return of[d.IntN(len(of))] }

func (d data) money(from, to int) string {
	cents := from*100 + d.IntN((to-from)*100)
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100)
}

func (d data) comment() string {
	out := make([]string, 3)
	for i := range out {
		out[i] = d.one(words)
	}
	return strings.Join(out, " ")
}

func (d data) phone(nation int) string {
	return fmt.Sprintf("%d-%03d-%03d-%04d", nation+10, d.IntN(900)+100, d.IntN(900)+100, d.IntN(9000)+1000)
}

func insert(table string, rows []string) string {
	return "INSERT INTO " + table + " VALUES " + strings.Join(rows, ", ")
}

// fixed are the tables that stay.
func (d data) fixed() []string {
	var region, nation, supplier, part, partsupp, customer []string
	for i, r := range regions {
		region = append(region, fmt.Sprintf("(%d, '%s', '%s')", i, r, d.comment()))
	}
	for i, n := range nations {
		nation = append(nation, fmt.Sprintf("(%d, '%s', %d, '%s')", i, n.name, n.region, d.comment()))
	}
	for i := 1; i <= suppliers; i++ {
		n := []int{6, 7, 3, 20, d.IntN(25)}[i%5] // those that queries name, more often
		supplier = append(supplier, fmt.Sprintf("(%d, 'Supplier#%09d', 'address %d', %d, '%s', %s, '%s')", i, i, i, n, d.phone(n), d.money(-999, 9999), d.comment()))
	}
	for i := 1; i <= parts; i++ {
		part = append(part, fmt.Sprintf("(%d, '%s %s', 'Manufacturer#%d', 'Brand#%d%d', '%s %s %s', %d, '%s %s', %s, '%s')", i, d.one(colors), d.one(colors),
			1+i%5, 1+i%5, 1+d.IntN(3), d.one(syllables[0]), d.one(syllables[1]), d.one(syllables[2]), 1+d.IntN(50), d.one(containers[0]), d.one(containers[1]),
			d.money(900, 1900), d.one(words)))
		for k := range 4 {
			partsupp = append(partsupp, fmt.Sprintf("(%d, %d, %d, %s, '%s')", i, (i+k*5)%suppliers+1, 1+d.IntN(9999), d.money(1, 1000), d.comment()))
		}
	}
	for i := 1; i <= customers; i++ {
		n := []int{6, 7, 3, d.IntN(25)}[i%4]
		customer = append(customer, fmt.Sprintf("(%d, 'Customer#%09d', 'address %d', %d, '%s', %s, '%s', '%s')", i, i, i, n, d.phone(n), d.money(-999, 9999), d.one(segments), d.comment()))
	}
	return []string{insert("region", region), insert("nation", nation), insert("supplier", supplier), insert("part", part), insert("partsupp", partsupp), insert("customer", customer)}
}

// order is one order and its lines.
func (d data) order(key int) (order string, lines []string) {
	day := time.Date(1992, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, d.IntN(2400))
	date := func(t time.Time) string { return t.Format(time.DateOnly) }
	for i := range 1 + d.IntN(7) {
		ship := day.AddDate(0, 0, 1+d.IntN(121))
		flag, status := "N", "O"
		if ship.Year() < 1995 {
			flag, status = d.one([]string{"R", "A"}), "F"
		}
		p := 1 + d.IntN(parts)
		lines = append(lines, fmt.Sprintf("(%d, %d, %d, %d, %d, %s, 0.%02d, 0.%02d, '%s', '%s', '%s', '%s', '%s', '%s', '%s', '%s')", key, p, (p+d.IntN(4)*5)%suppliers+1, i+1, 1+d.IntN(50),
			d.money(900, 90000), d.IntN(11), d.IntN(9), flag, status, date(ship), date(day.AddDate(0, 0, 30+d.IntN(61))), date(ship.AddDate(0, 0, 1+d.IntN(30))),
			d.one(instructs), d.one(modes), d.one(words)))
	}
	customer := 1 + d.IntN(customers)
	customer -= customer % 3 // a third has no orders
	return fmt.Sprintf("(%d, %d, '%s', %s, '%s', '%s', 'Clerk#%d', 0, '%s')", key, max(1, customer), d.one([]string{"F", "O", "P"}), d.money(900, 400000), date(day),
		d.one(priorities), d.IntN(100), d.comment()), lines
}
