package nexmark

import "github.com/tributary-db/tributary/internal/nexmark"

// closed are queries whose windows are emitted once; PostgreSQL has of each bid the watermark before its commit (mark), and
// knows the last one (finally).
var closed = []nexmark.Query{
	{Name: "tumble", Text: `SELECT window_start, window_end, count(*), max(price) FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(date_time), INTERVAL '10' SECOND)) GROUP BY window_start, window_end`,
		PostgreSQL: `SELECT window_start, window_end, count(*), max(price) FROM (SELECT price, mark` + nexmark.Tumble10 + `bid) w
		WHERE window_end > mark AND window_end <= (SELECT at FROM finally) GROUP BY 1, 2`},
	{Name: "hop", Text: `SELECT auction, window_start, window_end, count(*) FROM TABLE(HOP(TABLE bid, DESCRIPTOR(date_time), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
		GROUP BY auction, window_start, window_end`,
		PostgreSQL: `SELECT auction, window_start, window_end, count(*) FROM ` + nexmark.Hop10 + ` WHERE window_end > mark AND window_end <= (SELECT at FROM finally) GROUP BY 1, 2, 3`},
	{Name: "cumulate", Text: `SELECT window_end, window_start, sum(price) FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(date_time), INTERVAL '5' SECOND, INTERVAL '15' SECOND))
		GROUP BY window_start, window_end`,
		PostgreSQL: `SELECT e, s, sum(price) FROM (SELECT *, date_bin('15 s', date_time, '1970-01-01') AS s FROM bid) b, generate_series(s + interval '5 s', s + interval '15 s', interval '5 s') e
		WHERE date_time < e AND e > mark AND e <= (SELECT at FROM finally) GROUP BY 1, 2`},
}
