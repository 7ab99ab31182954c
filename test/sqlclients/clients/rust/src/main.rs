// tokio_client STEP: tokio-postgres.
use bytes::Bytes;
use futures_util::{pin_mut, SinkExt, TryStreamExt};
use std::env::{args, var};
use tokio_postgres::{Client, Error, NoTls};

async fn connect() -> Result<Client, Error> {
    let at = format!(
        "host={} port={} user={} dbname={} sslmode=disable",
        var("PGHOST").unwrap(), var("PGPORT").unwrap(), var("PGUSER").unwrap(), var("PGDATABASE").unwrap()
    );
    let (client, connection) = tokio_postgres::connect(&at, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn crud(c: &mut Client) -> Result<(), Error> {
    c.batch_execute("create table shop.tokio_crud (id int primary key, t text, f float8, a int[], b bytea, o bool)").await?;
    let insert = c.prepare("insert into shop.tokio_crud values ($1, $2, $3, $4, $5, $6)").await?;
    for i in 1..4i32 {
        println!("{}", c.execute(&insert, &[&i, &format!("ü{i}"), &(i as f64 / 2.0), &vec![Some(i), None], &vec![0u8, 255], &(i % 2 == 0)]).await?);
    }
    let sink = c.copy_in("copy shop.tokio_crud (id, t) from stdin").await?;
    pin_mut!(sink);
    sink.send(Bytes::from_static(b"7\tseven\n8\t\\N\n")).await?;
    println!("copied {}", sink.finish().await?);
    for row in c.query("select * from shop.tokio_crud where id = any($1) order by id", &[&vec![1, 2, 8]]).await? {
        let columns: Vec<String> = row.columns().iter().map(|c| format!("{} {}", c.name(), c.type_())).collect();
        println!("{columns:?} {} {:?} {:?} {:?} {:?} {:?}", row.get::<_, i32>(0), row.get::<_, Option<String>>(1), row.get::<_, Option<f64>>(2),
            row.get::<_, Option<Vec<Option<i32>>>>(3), row.get::<_, Option<Vec<u8>>>(4), row.get::<_, Option<bool>>(5));
    }
    let out: Vec<Bytes> = c.copy_out("copy (select id, t from shop.tokio_crud order by id) to stdout (format csv)").await?.try_collect().await?;
    println!("{:?}", out.concat());
    println!("{}", c.query_one("select mood from shop.customer where id = 1", &[]).await?.columns()[0].type_());
    println!("{}", c.execute("delete from shop.tokio_crud where o or t is null", &[]).await?);
    c.batch_execute("drop table shop.tokio_crud").await
}

async fn transactions(c: &mut Client) -> Result<(), Error> {
    c.batch_execute("create table shop.tokio_tx (id int primary key)").await?;
    let mut tx = c.build_transaction().isolation_level(tokio_postgres::IsolationLevel::RepeatableRead).start().await?;
    tx.execute("insert into shop.tokio_tx values (1)", &[]).await?;
    let point = tx.savepoint("p").await?;
    let e = point.execute("insert into shop.tokio_tx values (1)", &[]).await.unwrap_err();
    let e = e.as_db_error().unwrap();
    println!("{} {} {:?} {:?}", e.code().code(), e.message(), e.constraint(), e.table());
    point.rollback().await?;
    let portal = tx.bind("select generate_series(1, 5)", &[]).await?;
    loop {
        let rows = tx.query_portal(&portal, 2).await?;
        println!("{} rows", rows.len());
        if rows.len() < 2 {
            break;
        }
    }
    tx.commit().await?;
    c.transaction().await?.execute("insert into shop.tokio_tx values (2)", &[]).await?; // dropped: rolled back
    println!("{}", c.query_one("select count(*) from shop.tokio_tx", &[]).await?.get::<_, i64>(0));
    let (a, b) = (c.query("select 1", &[]), c.query("select 2", &[])); // pipelined
    let (a, b) = futures_util::join!(a, b);
    println!("{} {}", a?.len(), b?.len());
    c.batch_execute("drop table shop.tokio_tx").await
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    match args().nth(1).as_deref() {
        Some("version") => println!("{}", option_env!("TOKIO_POSTGRES").unwrap_or("0.7")),
        Some("connect") => {
            let row = connect().await?.query_one("select $1::text || 'ü', 7", &[&"é"]).await?;
            println!("{} {}", row.get::<_, String>(0), row.get::<_, i32>(1));
        }
        Some("crud") => crud(&mut connect().await?).await?,
        Some("transactions") => transactions(&mut connect().await?).await?,
        _ => std::process::exit(3),
    }
    Ok(())
}
