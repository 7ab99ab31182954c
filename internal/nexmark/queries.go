package nexmark

// Query is a query of the benchmark. Text is this server's; PostgreSQL and Flink have it in their words where they have not
// the same ones.
type Query struct{ Name, Text, PostgreSQL, Flink string }

// NotInFlink stands where Flink has no such query: an OVER window of rows that change (q6), and a join with a table as of
// now, which only its connectors to other systems do (q13).
const NotInFlink = "-"

// Tumble10 and Hop10 are windows of PostgreSQL's rows, sessions those that end 10 seconds after their last row.
const (
	Hop10 = `(SELECT *, s AS window_start, s + interval '10 s' AS window_end FROM bid,
		generate_series(date_bin('2 s', date_time, '1970-01-01') - interval '8 s', date_bin('2 s', date_time, '1970-01-01'), interval '2 s') s) w`
	Tumble10 = `, date_bin('10 s', date_time, '1970-01-01') AS window_start, date_bin('10 s', date_time, '1970-01-01') + interval '10 s' AS window_end FROM `
	sessions = `(SELECT *, sum(begins) OVER (PARTITION BY bidder ORDER BY date_time ROWS UNBOUNDED PRECEDING) AS n FROM (SELECT *,
		CASE WHEN date_time - lag(date_time) OVER (PARTITION BY bidder ORDER BY date_time) <= interval '10 s' THEN 0 ELSE 1 END AS begins FROM bid) a) b`
)

// Queries are q0 to q23, but for q12, with windows as the benchmark writes them; what orders rows orders them wholly, but in
// Flink's text, where that would be another operator.
var Queries = []Query{
	{"q0", `SELECT auction, bidder, price, date_time, extra FROM bid`, "", ""},
	{"q1", `SELECT auction, bidder, 0.908 * price AS price, date_time, extra FROM bid`, "", ""},
	{"q2", `SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0`, "", ""},
	{"q3", `SELECT P.name, P.city, P.state, A.id FROM auction AS A INNER JOIN person AS P ON A.seller = P.id
		WHERE A.category = 10 AND (P.state = 'OR' OR P.state = 'ID' OR P.state = 'CA')`, "", ""},
	{"q4", `SELECT Q.category, AVG(Q.final) FROM (SELECT MAX(B.price) AS final, A.category FROM auction A, bid B
		WHERE A.id = B.auction AND B.date_time BETWEEN A.date_time AND A.expires GROUP BY A.id, A.category) Q GROUP BY Q.category`, "", ""},
	{"q5", `SELECT AuctionBids.auction, AuctionBids.num FROM (
			SELECT auction, count(*) AS num, window_start AS starttime, window_end AS endtime
			FROM TABLE(HOP(TABLE bid, DESCRIPTOR(date_time), INTERVAL '2' SECOND, INTERVAL '10' SECOND)) GROUP BY auction, window_start, window_end
		) AS AuctionBids JOIN (
			SELECT max(CountBids.num) AS maxn, CountBids.starttime, CountBids.endtime FROM (
				SELECT count(*) AS num, window_start AS starttime, window_end AS endtime
				FROM TABLE(HOP(TABLE bid, DESCRIPTOR(date_time), INTERVAL '2' SECOND, INTERVAL '10' SECOND)) GROUP BY auction, window_start, window_end
			) AS CountBids GROUP BY CountBids.starttime, CountBids.endtime
		) AS MaxBids ON AuctionBids.starttime = MaxBids.starttime AND AuctionBids.endtime = MaxBids.endtime AND AuctionBids.num >= MaxBids.maxn`,
		`WITH c AS (SELECT auction, window_start, count(*) AS num FROM ` + Hop10 + ` GROUP BY 1, 2)
		SELECT c.auction, c.num FROM c JOIN (SELECT window_start, max(num) AS maxn FROM c GROUP BY 1) m USING (window_start) WHERE num >= maxn`, ""},
	{"q6", `SELECT Q.seller, AVG(Q.final) OVER (PARTITION BY Q.seller ORDER BY Q.date_time, Q.id ROWS BETWEEN 10 PRECEDING AND CURRENT ROW) FROM (
			SELECT *, ROW_NUMBER() OVER (PARTITION BY id, seller ORDER BY final DESC, date_time, bidder, extra) AS rownum FROM (
				SELECT A.id, A.seller, B.price AS final, B.date_time, B.bidder, B.extra FROM auction A, bid B
				WHERE A.id = B.auction AND B.date_time BETWEEN A.date_time AND A.expires) w
		) AS Q WHERE Q.rownum <= 1`, "", NotInFlink},
	{"q7", `SELECT B.auction, B.price, B.bidder, B.date_time, B.extra FROM bid B JOIN (
			SELECT MAX(price) AS maxprice, window_end AS date_time
			FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(date_time), INTERVAL '10' SECOND)) GROUP BY window_start, window_end
		) B1 ON B.price = B1.maxprice WHERE B.date_time BETWEEN B1.date_time - INTERVAL '10' SECOND AND B1.date_time`,
		`SELECT B.auction, B.price, B.bidder, B.date_time, B.extra FROM bid B JOIN (
			SELECT MAX(price) AS maxprice, window_end FROM (SELECT price` + Tumble10 + `bid) w GROUP BY window_start, window_end
		) B1 ON B.price = B1.maxprice WHERE B.date_time BETWEEN B1.window_end - INTERVAL '10' SECOND AND B1.window_end`, ""},
	{"q8", `SELECT P.id, P.name, P.starttime FROM (
			SELECT id, name, window_start AS starttime, window_end AS endtime
			FROM TABLE(TUMBLE(TABLE person, DESCRIPTOR(date_time), INTERVAL '10' SECOND)) GROUP BY id, name, window_start, window_end
		) P JOIN (
			SELECT seller, window_start AS starttime, window_end AS endtime
			FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(date_time), INTERVAL '10' SECOND)) GROUP BY seller, window_start, window_end
		) A ON P.id = A.seller AND P.starttime = A.starttime AND P.endtime = A.endtime`,
		`SELECT P.id, P.name, P.window_start FROM (SELECT DISTINCT id, name` + Tumble10 + `person) P
		JOIN (SELECT DISTINCT seller` + Tumble10 + `auction) A ON P.id = A.seller AND P.window_start = A.window_start`, ""},
	{"q9", `SELECT id, item_name, description, initial_bid, reserve, date_time, expires, seller, category, extra, auction, bidder, price, bid_date_time, bid_extra FROM (
			SELECT A.*, B.auction, B.bidder, B.price, B.date_time AS bid_date_time, B.extra AS bid_extra,
				ROW_NUMBER() OVER (PARTITION BY A.id ORDER BY B.price DESC, B.date_time ASC, B.bidder, B.extra) AS rownum
			FROM auction A, bid B WHERE A.id = B.auction AND B.date_time BETWEEN A.date_time AND A.expires
		) w WHERE rownum <= 1`, "",
		`SELECT id, item_name, description, initial_bid, reserve, date_time, expires, seller, category, extra, auction, bidder, price, bid_date_time, bid_extra FROM (
			SELECT A.*, B.auction, B.bidder, B.price, B.date_time AS bid_date_time, B.extra AS bid_extra,
				ROW_NUMBER() OVER (PARTITION BY A.id ORDER BY B.price DESC, B.date_time ASC) AS rownum
			FROM auction A, bid B WHERE A.id = B.auction AND B.date_time BETWEEN A.date_time AND A.expires
		) w WHERE rownum <= 1`},
	{"q10", `SELECT auction, bidder, price, date_time, extra, to_char(date_time, 'YYYY-MM-DD') AS day, to_char(date_time, 'HH24:MI') AS minute FROM bid`, "",
		`SELECT auction, bidder, price, date_time, extra, DATE_FORMAT(date_time, 'yyyy-MM-dd') AS ` + "`day`" + `, DATE_FORMAT(date_time, 'HH:mm') AS ` + "`minute`" + ` FROM bid`},
	{"q11", `SELECT B.bidder, count(*) AS bid_count, SESSION_START(B.date_time, INTERVAL '10' SECOND) AS starttime, SESSION_END(B.date_time, INTERVAL '10' SECOND) AS endtime
		FROM bid B GROUP BY B.bidder, SESSION(B.date_time, INTERVAL '10' SECOND)`,
		`SELECT bidder, count(*), min(date_time), max(date_time) + interval '10 s' FROM ` + sessions + ` GROUP BY bidder, n`,
		`SELECT B.bidder, count(*) AS bid_count, SESSION_START(B.date_time, INTERVAL '10' SECOND) AS starttime, SESSION_END(B.date_time, INTERVAL '10' SECOND) AS endtime
		FROM bid B GROUP BY B.bidder, SESSION(B.date_time, INTERVAL '10' SECOND)`},
	{"q13", `SELECT B.auction, B.bidder, B.price, B.date_time, S.value FROM (SELECT *, PROCTIME() AS p_time FROM bid) B
		JOIN side_input FOR SYSTEM_TIME AS OF B.p_time AS S ON mod(B.auction, 10000) = S.key`,
		`SELECT B.auction, B.bidder, B.price, B.date_time, S.value FROM bid B JOIN side_input S ON mod(B.auction, 10000) = S.key`, NotInFlink},
	{"q14", `SELECT auction, bidder, 0.908 * price AS price,
			CASE WHEN extract(hour FROM date_time) >= 8 AND extract(hour FROM date_time) <= 18 THEN 'dayTime'
				WHEN extract(hour FROM date_time) <= 6 OR extract(hour FROM date_time) >= 20 THEN 'nightTime' ELSE 'otherTime' END AS bidTimeType,
			date_time, extra, length(extra) - length(replace(extra, 'c', '')) AS c_counts
		FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000`, "",
		`SELECT auction, bidder, 0.908 * price AS price,
			CASE WHEN HOUR(date_time) >= 8 AND HOUR(date_time) <= 18 THEN 'dayTime'
				WHEN HOUR(date_time) <= 6 OR HOUR(date_time) >= 20 THEN 'nightTime' ELSE 'otherTime' END AS bidTimeType,
			date_time, extra, CHAR_LENGTH(extra) - CHAR_LENGTH(REPLACE(extra, 'c', '')) AS c_counts
		FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000`},
	{"q15", `SELECT to_char(date_time, 'YYYY-MM-DD') AS day, ` + bands + ` FROM bid GROUP BY to_char(date_time, 'YYYY-MM-DD')`, "",
		`SELECT DATE_FORMAT(date_time, 'yyyy-MM-dd') AS ` + "`day`" + `, ` + bands + ` FROM bid GROUP BY DATE_FORMAT(date_time, 'yyyy-MM-dd')`},
	{"q16", `SELECT channel, to_char(date_time, 'YYYY-MM-DD') AS day, max(to_char(date_time, 'HH24:MI')) AS minute, ` + bands + `
		FROM bid GROUP BY channel, to_char(date_time, 'YYYY-MM-DD')`, "",
		`SELECT channel, DATE_FORMAT(date_time, 'yyyy-MM-dd') AS ` + "`day`" + `, max(DATE_FORMAT(date_time, 'HH:mm')) AS ` + "`minute`" + `, ` + bands + `
		FROM bid GROUP BY channel, DATE_FORMAT(date_time, 'yyyy-MM-dd')`},
	{"q17", `SELECT auction, to_char(date_time, 'YYYY-MM-DD') AS day, count(*) AS total_bids, count(*) FILTER (WHERE price < 10000) AS rank1_bids,
			count(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids, count(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
			min(price) AS min_price, max(price) AS max_price, avg(price) AS avg_price, sum(price) AS sum_price
		FROM bid GROUP BY auction, to_char(date_time, 'YYYY-MM-DD')`, "",
		`SELECT auction, DATE_FORMAT(date_time, 'yyyy-MM-dd') AS ` + "`day`" + `, count(*) AS total_bids, count(*) FILTER (WHERE price < 10000) AS rank1_bids,
			count(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids, count(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
			min(price) AS min_price, max(price) AS max_price, avg(price) AS avg_price, sum(price) AS sum_price
		FROM bid GROUP BY auction, DATE_FORMAT(date_time, 'yyyy-MM-dd')`},
	{"q18", `SELECT auction, bidder, price, channel, url, date_time, extra FROM (
			SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY date_time DESC, extra, price) AS rank_number FROM bid
		) w WHERE rank_number <= 1`, "",
		`SELECT auction, bidder, price, channel, url, date_time, extra FROM (
			SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY date_time DESC) AS rank_number FROM bid
		) w WHERE rank_number <= 1`},
	{"q19", `SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC, bidder, date_time, extra) AS rank_number FROM bid) w
		WHERE rank_number <= 10`, `SELECT auction, bidder, price, channel, url, date_time, extra, rank_number FROM (SELECT *,
			ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC, bidder, date_time, extra) AS rank_number FROM bid) w WHERE rank_number <= 10`,
		`SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC) AS rank_number FROM bid) w
		WHERE rank_number <= 10`},
	{"q20", `SELECT auction, bidder, price, channel, url, B.date_time AS bid_date_time, B.extra AS bid_extra, item_name, description, initial_bid, reserve,
			A.date_time AS auction_date_time, expires, seller, category, A.extra AS auction_extra
		FROM bid AS B INNER JOIN auction AS A ON B.auction = A.id WHERE A.category = 10`, "", ""},
	{"q21", `SELECT auction, bidder, price, channel, CASE WHEN lower(channel) = 'apple' THEN '0' WHEN lower(channel) = 'google' THEN '1'
			WHEN lower(channel) = 'facebook' THEN '2' WHEN lower(channel) = 'baidu' THEN '3'
			ELSE (regexp_match(url, '(&|^)channel_id=([^&]*)'))[2] END AS channel_id
		FROM bid WHERE (regexp_match(url, '(&|^)channel_id=([^&]*)'))[2] IS NOT NULL OR lower(channel) IN ('apple', 'google', 'facebook', 'baidu')`, "",
		`SELECT auction, bidder, price, channel, CASE WHEN lower(channel) = 'apple' THEN '0' WHEN lower(channel) = 'google' THEN '1'
			WHEN lower(channel) = 'facebook' THEN '2' WHEN lower(channel) = 'baidu' THEN '3'
			ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) END AS channel_id
		FROM bid WHERE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) IS NOT NULL OR lower(channel) IN ('apple', 'google', 'facebook', 'baidu')`},
	{"q22", `SELECT auction, bidder, price, channel, split_part(url, '/', 4) AS dir1, split_part(url, '/', 5) AS dir2, split_part(url, '/', 6) AS dir3 FROM bid`, "",
		`SELECT auction, bidder, price, channel, SPLIT_INDEX(url, '/', 3) AS dir1, SPLIT_INDEX(url, '/', 4) AS dir2, SPLIT_INDEX(url, '/', 5) AS dir3 FROM bid`},
	{"q23", `SELECT B.auction, B.bidder, B.price, P.name, P.city, A.id, A.item_name FROM bid B JOIN person P ON P.id = B.bidder JOIN auction A ON A.seller = B.bidder`, "", ""},
}

// bands are the aggregates of q15 and q16.
const bands = `count(*) AS total_bids, count(*) FILTER (WHERE price < 10000) AS rank1_bids,
	count(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids, count(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
	count(DISTINCT bidder) AS total_bidders, count(DISTINCT bidder) FILTER (WHERE price < 10000) AS rank1_bidders,
	count(DISTINCT bidder) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bidders, count(DISTINCT bidder) FILTER (WHERE price >= 1000000) AS rank3_bidders,
	count(DISTINCT auction) AS total_auctions, count(DISTINCT auction) FILTER (WHERE price < 10000) AS rank1_auctions,
	count(DISTINCT auction) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_auctions, count(DISTINCT auction) FILTER (WHERE price >= 1000000) AS rank3_auctions`

// Q12 counts by processing time: what it gives is nobody else's to say, but it is the same for a view and for a SELECT.
const Q12 = `WITH b AS (SELECT *, PROCTIME() AS p_time FROM bid) SELECT bidder, count(*) AS bid_count, window_start AS starttime, window_end AS endtime
	FROM TABLE(TUMBLE(TABLE b, DESCRIPTOR(p_time), INTERVAL '10' SECOND)) GROUP BY bidder, window_start, window_end`
