import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Produced;

/** Counts the words of TOPIC into TOPIC-counts, exactly once, until it is killed. Every count is written, none left out. */
public class WordCount {
    public static void main(String[] args) throws Exception {
        Map<String, String> env = System.getenv();
        Properties how = new Properties();
        how.put(StreamsConfig.APPLICATION_ID_CONFIG, env.get("GROUP"));
        how.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, env.get("BOOTSTRAP"));
        how.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        how.put(StreamsConfig.STATE_DIR_CONFIG, env.get("STATE"));
        how.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        how.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        how.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.String().getClass());
        how.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.String().getClass());
        how.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        how.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 6000);
        how.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 50);
        StreamsBuilder builder = new StreamsBuilder();
        builder.<String, String>stream(env.get("TOPIC"))
                .flatMapValues(line -> Arrays.asList(line.split(" ")))
                .groupBy((key, word) -> word, Grouped.with(Serdes.String(), Serdes.String()))
                .count()
                .toStream()
                .mapValues(n -> Long.toString(n))
                .to(env.get("TOPIC") + "-counts", Produced.with(Serdes.String(), Serdes.String()));
        KafkaStreams streams = new KafkaStreams(builder.build(), how);
        streams.start();
        Thread.sleep(Duration.ofMinutes(5).toMillis());
    }
}
