import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** The step "transactions" of the Java client: the console tools have none. */
public class Transactions {
    public static void main(String[] args) {
        Map<String, String> env = System.getenv();
        Map<String, Object> how = Map.of("bootstrap.servers", env.get("BOOTSTRAP"), "transactional.id", env.get("GROUP"));
        int n = Integer.parseInt(env.get("N"));
        try (KafkaProducer<String, String> p = new KafkaProducer<>(how, new StringSerializer(), new StringSerializer())) {
            p.initTransactions();
            for (String word : new String[] {"c", "a"}) {
                p.beginTransaction();
                for (int i = 0; i < n; i++) {
                    p.send(new ProducerRecord<>(env.get("TOPIC"), word + i));
                }
                p.flush();
                if (word.equals("c")) {
                    p.commitTransaction();
                } else {
                    p.abortTransaction();
                }
            }
        }
    }
}
