import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableDescriptor;
import org.apache.flink.table.api.TableEnvironment;

/**
 * Runs a query over bounded tables in a MiniCluster of this JVM, its rows into nothing: nexmark.sql runs key=value…. The file has
 * statements that end with a semicolon and a line end, the last of them the query. Each run is a line, of the nanoseconds of
 * processor time and of wall time that it took; the first ones warm the JVM up.
 */
public class Nexmark {
  public static void main(String[] args) throws Exception {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    String[] statements = Files.readString(Path.of(args[0])).split(";\n");
    var settings = new Configuration();
    for (int i = 2; i < args.length; i++) {
      int at = args[i].indexOf('=');
      settings.setString(args[i].substring(0, at), args[i].substring(at + 1));
    }
    for (int run = 0; run < Integer.parseInt(args[1]); run++) {
      long cpu = system.getProcessCpuTime(), wall = System.nanoTime();
      var tables = TableEnvironment.create(EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(settings).build());
      for (int i = 0; i < statements.length - 1; i++) {
        tables.executeSql(statements[i]);
      }
      tables.sqlQuery(statements[statements.length - 1]).executeInsert(TableDescriptor.forConnector("blackhole").build()).await();
      System.out.printf("run %d %d%n", system.getProcessCpuTime() - cpu, System.nanoTime() - wall);
    }
    System.exit(0); // the MiniCluster's threads go on
  }
}
