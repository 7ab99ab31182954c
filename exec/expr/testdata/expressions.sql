-- Expressions over the sample table (sql_test.go), one a line.
-- Arithmetic and its overflow.
i4 + 1
i4 - 1
-i4
i4 * 2
i8 + i4
i8 * i8
i2 + i2
i2 * 1000::smallint
i2 - 1::smallint
i4 / i2
i4 % 3
i8 / 0
10 / i4
i4 / nullif(i4, 0)
abs(i4)
abs(i8)
i4 & 255
i4 | 1
i4 # 5
~i4
i4 << 2
i4 >> 1
i4 ^ 2
f8 + 1
f8 * f8
f8 / f4
1 / f8
f4 * 1e30
-f8
n + 1
n * n
n / 3
n % 2
n ^ 2
-n
n2 * 1.5
n2 / i4
n + f8
i4 + n
i8 + f4
round(n, 1)
round(f8)
trunc(n)
ceil(n)
floor(f8)
sign(n)
mod(i4, 7)
mod(n, 3)
div(n, 2)
power(n, 2)
power(f8, 0.5)
sqrt(f8)
sqrt(n)
exp(f4)
ln(n)
log(f8)
degrees(f8)
sin(f8)
pi() * f8
gcd(i4, 15)
-- Comparison and three-valued logic.
i4 = i2
i4 < i8
i2 >= i8
i4 <> 0
f8 = f4
f8 > n
n = 3.14
n2 < i4
s = 'hello'
s < 'i'
v = s
c = 'ab'
c = 'ab  '::text
c || '|'
d < ts
d = tz
ts > tz
tz >= '2024-01-01'
u = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'
u < 'b0000000-0000-0000-0000-000000000000'
y < '\xff'
iv > '1 hour'
j = '42'
b
not b
b and i4 > 0
b or i4 > 0
b and null
b or null
b is true
b is not true
b is false
b is unknown
b is not unknown
i4 is null
i4 is not null
i4 is distinct from 10
i4 is not distinct from null
s is distinct from v
i4 between 0 and 100
i4 not between symmetric 100 and 0
i4 in (10, 0)
i4 in (10, null)
i4 not in (10, null)
i4 not in (1, 2, 3, 4, 5, 42)
i4 in (1, 2, 3, 4, 5, 42, null)
s in ('hello', 'a', 'b', 'c', 'd', 'e')
s in ('hello', v)
i4 in (i2, 42, 1/i4)
f8 in (0, 2.5, 'NaN')
i4 = 10 or 1 / i4 = 1
i4 <> 0 and 100 / i4 > 0
false and 1 / i4 = 1
true or 1 / i4 = 1
null and 1 / i4 = 1
i4 > 0 and i4 < 100 and 5 / i4 >= 0
greatest(i4, 5, i2)
least(i4, null, 7)
greatest(s, v, 'm')
least(d, '2010-01-01')
greatest(n, f8::numeric)
-- CASE, COALESCE, NULLIF evaluate what they need.
case when i4 = 0 then 0 else 100 / i4 end
case i4 when 10 then 'ten' when 0 then 'zero' else s end
case when b then s when not b then v else 'none' end
case when i4 > 0 then 'pos' when i4 < 0 then 'neg' end
case when s like 'h%' then n else 1.5 end
case b when true then 1 when false then 2 end
case when b then i4 else n end
case when b then d else ts end
case when 1 / i4 > 0 then 1 else 2 end
coalesce(i4, 0)
coalesce(s, v, 'default')
coalesce(null, i4, 1 / i4)
coalesce(d, '2020-01-01')
coalesce(n, f8::numeric, 0)
coalesce(y, '\x00')
nullif(i4, 10)
nullif(i4, 10.0)
nullif(s, 'hello')
nullif(n, 0)
nullif(1 / i4, 5)
-- Casts.
i4::smallint
i8::int
i4::text
i4::bool
b::int
b::text
f8::int
f8::bigint
f4::numeric
f8::numeric
n::int
n::bigint
n::float8
n::real
n::numeric(5,1)
n2::int
n::text
f8::text
f4::text
f4::float8
s::varchar(3)
s::char(3)
s::int
v::int
v::numeric
v::float8
v::date
c::text
c::varchar
c::int
length(c)
octet_length(c)
s::bytea
y::text
d::timestamp
d::timestamptz
d::text
ts::date
ts::time
ts::timestamptz
ts::timestamp(0)
ts::text
tz::date
tz::timestamp
tz::time
tz::text
tz::timestamptz(0)
iv::text
iv::interval(0)
iv::interval hour
iv::time
u::text
j::text
j::int
'2024-01-01'::date + i2
'12:00'::time + iv
cast(i4 as varchar(2))
cast(s as name)
i4::oid
-- Strings.
s || v
s || i4
i4 || s
n || 'x'
s || null
d || ''
b || 'x'
length(s)
char_length(s)
octet_length(s)
bit_length(s)
upper(s)
lower(s)
initcap(s)
substring(s from 2 for 3)
substring(s from 3)
substring(s, -1, 3)
substring(s, 1, i2)
substr(s, 2)
substring(s from 'l+')
substring(s from '(.)o')
position('l' in s)
strpos(s, 'o')
trim(s)
trim(both 'h' from s)
trim(leading 'he' from s)
rtrim(s, 'o')
btrim(c)
replace(s, 'l', 'LL')
split_part(s, ' ', 1)
split_part(s, ' ', -1)
split_part(s, ' ', i2 - i2)
left(s, 2)
left(s, -2)
right(s, 3)
lpad(s, 8, '*')
rpad(s, 8)
repeat(v, 2)
reverse(s)
concat(s, i4, b, null, d)
concat_ws('-', s, i4, null, v)
translate(s, 'lo', '01')
starts_with(s, 'he')
s ^@ 'he'
ascii(s)
chr(abs(i2) % 100 + 33)
md5(s)
to_hex(i4)
quote_ident(s)
quote_literal(s)
quote_nullable(v)
format('%s|%I|%L', s, v, c)
encode(y, 'hex')
encode(y, 'base64')
encode(y, 'escape')
decode('YWJj', 'base64')
overlay(s placing 'XX' from 2)
overlay(s placing 'XX' from 2 for 1)
-- LIKE and regular expressions.
s like 'h%'
s like '%o%'
s like '%ö_é%'
s like 'hell_'
s like s
s not like '%World'
s ilike 'HELLO%'
s not ilike '%WORLD'
v like 'a\%b'
v like 'a!%b' escape '!'
v like 'a%' escape ''
s like v
s like 'abc\'
c like 'ab'
c like 'ab  '
y like '\x61%'
s ~ '^[a-z]+$'
s ~* 'WORLD'
s !~ 'o'
s !~* 'O'
s similar to '(hello|%World)'
s similar to 'h#%' escape '#'
regexp_replace(s, 'o', '0', 'g')
regexp_replace(s, '(l+)', '<\1>')
regexp_like(s, 'W')
-- bytea.
length(y)
y || '\x01'
substring(y from 1 for 1)
get_byte(y, 0)
position('\x62' in y)
sha256(y)
-- Dates and times.
d + 1
d - 1
d - '2000-01-01'
d + iv
d + '12:00'::time
ts + iv
ts - iv
tz + iv
tz - interval '1 month'
ts - '2000-01-01'
tz - '2000-01-01'
age(tz, '2000-01-01')
iv * 2
iv / 2
iv * 1.5
-iv
iv + '1 hour'
extract(year from d)
extract(epoch from ts)
extract(epoch from tz)
extract(dow from d)
extract(hour from tz)
extract(day from iv)
extract(week from ts)
date_part('month', ts)
date_part('epoch', iv)
date_trunc('month', ts)
date_trunc('day', tz)
date_trunc('hour', iv)
date_trunc('week', d)
date_trunc('nope', ts)
date_bin('15 minutes', ts, '2000-01-01')
to_char(ts, 'YYYY-MM-DD HH24:MI')
to_char(tz, 'Dy DD Mon YYYY')
to_timestamp(f8)
make_date(2024, i2, 1)
make_interval(days => i2)
make_timestamp(2024, 1, 1, 0, i2, 0)
ts at time zone 'UTC'
tz at time zone 'America/New_York'
isfinite(d)
isfinite(ts)
justify_hours(iv)
justify_days(iv * 40)
-- jsonb.
j -> 'a'
j ->> 'a'
j -> 'b' -> 2 ->> 'c'
j -> 0
j ->> 1
j -> -1
j @> '{"a": 1}'
j @> '[1]'
j <@ '[1, "two", null, 3]'
j ? 'a'
j ? 'two'
jsonb_typeof(j)
jsonb_array_length(j)
j || '{"z": 1}'
j || '[9]'
j - 'a'
j - 0
jsonb_pretty(j)
jsonb_strip_nulls(j)
(j ->> 'a')::int + 1
-- Errors and laziness together.
case when i4 <> 0 then 1 / i4 when i4 = 0 then 7 end
coalesce(nullif(i4, 0), 1) / 1
1 / (i4 - 10)
(i4 + 1) / (i2 - 1)
sqrt(i4)
ln(i4)
s::int + 1 / i4
length(s) > 5 and substring(s, 1, 5) = 'Hello'
not (i4 = 10 and b)
(i4 = 10) = b
(i4 > 0) is not distinct from b
-- Values as JSON.
to_json(s)
to_jsonb(ts)
to_json(tz)
to_jsonb(n)
to_jsonb(f8)
to_jsonb(j)
to_jsonb(iv)
json_build_object('a', i4, 'b', s, 'c', null, 'd', d)
jsonb_build_object('k', b, 'j', j, 'u', u)
json_build_array(i4, n, s, j, y)
jsonb_build_array(f4, tz, v)
json_build_object(s, 1)
jsonb_build_object(b, 1, i4, 2)
json_build_object('a')
json_build_object()
jsonb_build_array()
