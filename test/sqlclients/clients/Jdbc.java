import java.sql.*;
import java.util.*;

/** Jdbc STEP: pgjdbc, all of DatabaseMetaData that tells of the fixture. */
public class Jdbc {
    static Connection open(String more) throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE") + "?user=" + System.getenv("PGUSER") + more);
    }

    static void show(String what, ResultSet r) throws SQLException {
        ResultSetMetaData m = r.getMetaData();
        System.out.println("-- " + what);
        while (r.next()) {
            StringBuilder line = new StringBuilder();
            for (int i = 1; i <= m.getColumnCount(); i++) {
                String name = m.getColumnLabel(i);
                if (name.endsWith("_CAT") || name.equals("TABLE_CATALOG") || name.endsWith("OID") || name.equals("CARDINALITY") || name.equals("PAGES")) continue;
                line.append(name).append('=').append(r.getString(i)).append(' ');
            }
            System.out.println(line);
        }
    }

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
        case "version": System.out.println(org.postgresql.Driver.class.getPackage().getImplementationVersion() == null ? org.postgresql.util.DriverInfo.DRIVER_VERSION : "?"); return;
        case "connect": connect(); return;
        case "introspect": introspect(); return;
        case "crud": crud(); return;
        case "transactions": transactions(); return;
        default: System.exit(3);
        }
    }

    static void connect() throws Exception {
        try (Connection c = open("&prepareThreshold=1&ApplicationName=jdbc"); PreparedStatement p = c.prepareStatement("select ?::text, ?::int, current_setting('application_name')")) {
            for (int i = 0; i < 7; i++) { p.setString(1, "ü"); p.setInt(2, i); ResultSet r = p.executeQuery(); r.next(); System.out.println(r.getString(1) + r.getInt(2) + r.getString(3)); }
            System.out.println(c.isValid(5) + " " + c.getMetaData().getDatabaseMajorVersion() + " " + c.getSchema());
        }
    }

    static void introspect() throws Exception {
        try (Connection c = open("")) {
            DatabaseMetaData m = c.getMetaData();
            show("tables", m.getTables(null, "shop", "%", null));
            show("columns", m.getColumns(null, "shop", "%", "%"));
            show("primary keys", m.getPrimaryKeys(null, "shop", "customer"));
            show("imported keys", m.getImportedKeys(null, "shop", "invoice"));
            show("exported keys", m.getExportedKeys(null, "shop", "customer"));
            show("cross reference", m.getCrossReference(null, "shop", "customer", null, "shop", "invoice"));
            show("indexes", m.getIndexInfo(null, "shop", "customer", false, true));
            show("best row", m.getBestRowIdentifier(null, "shop", "customer", DatabaseMetaData.bestRowSession, true));
            show("version columns", m.getVersionColumns(null, "shop", "customer"));
            show("table privileges", m.getTablePrivileges(null, "shop", "%"));
            show("column privileges", m.getColumnPrivileges(null, "shop", "customer", "id"));
            show("types", m.getTableTypes());
            show("schemas", m.getSchemas(null, "shop"));
            show("udts", m.getUDTs(null, "shop", "%", null));
            show("functions", m.getFunctions(null, "pg_catalog", "lower%"));
            show("procedures", m.getProcedures(null, "shop", "%"));
            show("client info", m.getClientInfoProperties());
            System.out.println(m.getMaxColumnNameLength() + " " + m.getMaxIndexLength() + " " + m.getSQLKeywords().length() + " " + m.supportsTransactionIsolationLevel(8));
            try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("select * from shop.customer order by id")) {
                ResultSetMetaData d = r.getMetaData();
                for (int i = 1; i <= d.getColumnCount(); i++) System.out.println(d.getColumnName(i) + " " + d.getColumnTypeName(i) + " " + d.getColumnType(i) + " " + d.getPrecision(i) + " " + d.getScale(i) + " " + d.isNullable(i) + " " + d.isAutoIncrement(i) + " " + d.getColumnClassName(i) + " " + d.getTableName(i));
                while (r.next()) System.out.println(r.getLong(1) + " " + r.getString(2) + " " + r.getDate(3) + " " + r.getBigDecimal(4) + " " + r.getArray(5) + " " + r.getObject(6) + " " + r.getString(7) + " " + r.getObject(8, java.time.OffsetDateTime.class));
            }
        }
    }

    static void crud() throws Exception {
        try (Connection c = open("&reWriteBatchedInserts=true"); Statement s = c.createStatement()) {
            s.execute("create table shop.jdbc_crud (id serial primary key, n numeric, t timestamp, a int[], b bytea)");
            try (PreparedStatement p = c.prepareStatement("insert into shop.jdbc_crud (n, t, a, b) values (?, ?, ?, ?)", new String[] {"id"})) {
                for (int i = 0; i < 5; i++) {
                    p.setBigDecimal(1, new java.math.BigDecimal(i)); p.setTimestamp(2, Timestamp.valueOf("2024-01-01 00:00:0" + i)); p.setArray(3, c.createArrayOf("int4", new Integer[] {i, null})); p.setBytes(4, new byte[] {0, (byte) i}); p.addBatch();
                }
                System.out.println(p.executeBatch().length);
                ResultSet keys = p.getGeneratedKeys();
                while (keys.next()) System.out.print(keys.getInt(1) + " ");
            }
            show("rows", s.executeQuery("select id, n, t, a, encode(b, 'hex') from shop.jdbc_crud order by id"));
            try (Statement u = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE); ResultSet r = u.executeQuery("select id, n from shop.jdbc_crud order by id")) {
                r.absolute(2); r.updateInt("n", 100); r.updateRow(); r.last(); r.deleteRow(); r.moveToInsertRow(); r.updateInt("id", 50); r.updateInt("n", 7); r.insertRow();
            }
            show("after", s.executeQuery("select id, n from shop.jdbc_crud order by id"));
            org.postgresql.copy.CopyManager copy = c.unwrap(org.postgresql.PGConnection.class).getCopyAPI();
            System.out.println(copy.copyIn("copy shop.jdbc_crud (n) from stdin", new java.io.StringReader("1\n2\n")));
            java.io.StringWriter out = new java.io.StringWriter();
            System.out.println(copy.copyOut("copy (select n from shop.jdbc_crud order by id) to stdout csv", out) + " " + out);
        }
    }

    static void transactions() throws Exception {
        try (Connection c = open(""); Statement s = c.createStatement()) {
            s.execute("create table shop.jdbc_tx (id int primary key)");
            c.setAutoCommit(false);
            c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            s.execute("insert into shop.jdbc_tx values (1)");
            Savepoint p = c.setSavepoint("p");
            try { s.execute("insert into shop.jdbc_tx values (1)"); } catch (SQLException e) { System.out.println(e.getSQLState() + " " + e.getMessage()); }
            c.rollback(p);
            c.commit();
            s.setFetchSize(10);
            long sum = 0;
            try (ResultSet r = s.executeQuery("select g from generate_series(1, 1000) g")) { while (r.next()) sum += r.getLong(1); }
            System.out.println(sum);
            c.rollback();
            s.setQueryTimeout(1);
            try { s.execute("select pg_sleep(20)"); } catch (SQLException e) { System.out.println(e.getSQLState()); }
            c.rollback();
            show("rows", s.executeQuery("select * from shop.jdbc_tx"));
        }
    }
}
