"""confluent-kafka-python. See ../doc.go for what each step is to do."""
import os, sys
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, libversion, version
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic, OffsetSpec

how = {"bootstrap.servers": os.environ["BOOTSTRAP"], "client.id": "compat"}
topic, n = os.environ["TOPIC"], int(os.environ["N"])
if os.environ.get("CA"):
    how.update({"security.protocol": "SASL_SSL", "ssl.ca.location": os.environ["CA"], "sasl.mechanism": "SCRAM-SHA-256",
                "sasl.username": os.environ["SASL_USER"], "sasl.password": os.environ["SASL_PASSWORD"]})


def produce():
    p = Producer({**how, "compression.type": "zstd", "enable.idempotence": True})
    for i in range(n):
        p.produce(topic, f"v{i}", f"k{i}", on_delivery=delivered)
        p.poll(0)
    p.flush(30)


def delivered(err, _):
    if err:
        sys.exit(str(err))


def read(commit, **more):
    c = Consumer({**how, "auto.offset.reset": "earliest", "enable.auto.commit": False, **more})
    c.subscribe([topic])
    seen = 0
    while seen < n:
        m = c.poll(30)
        if m is None:
            sys.exit("nothing comes")
        if m.error():
            sys.exit(str(m.error()))
        print(m.value().decode())
        seen += 1
    if commit:
        c.commit(asynchronous=False)
    c.close()


def transactions():
    p = Producer({**how, "transactional.id": os.environ["GROUP"]})
    p.init_transactions()
    for word, end in (("c", p.commit_transaction), ("a", p.abort_transaction)):
        p.begin_transaction()
        for i in range(n):
            p.produce(topic, f"{word}{i}")
        p.flush()
        end()


def admin():
    a = AdminClient(how)
    a.create_topics([NewTopic(topic, 2, 1, config={"retention.ms": "3600000"}), NewTopic(topic + "-gone", 1, 1)])[topic].result()
    r = ConfigResource(ConfigResource.Type.TOPIC, topic)
    if a.describe_configs([r])[r].result()["retention.ms"].value != "3600000":
        sys.exit("retention.ms is another one")
    a.create_partitions([NewPartitions(topic, 4)])[topic].result()
    a.delete_topics([topic + "-gone"])[topic + "-gone"].result()


def lag():
    a = AdminClient(how)
    committed = a.list_consumer_group_offsets([ConsumerGroupTopicPartitions(os.environ["GROUP"])])[os.environ["GROUP"]].result().topic_partitions
    ends = a.list_offsets({p: OffsetSpec.latest() for p in committed})
    print(sum(f.result().offset for f in ends.values()) - sum(p.offset for p in committed))


if sys.argv[1] == "version":
    print(f"{version()}, librdkafka {libversion()[0]}")
else:
    {"produce": produce, "secure": produce, "consume": lambda: read(False, **{"group.id": os.environ["GROUP"]}),
     "group": lambda: read(True, **{"group.id": os.environ["GROUP"]}),
     "group848": lambda: read(True, **{"group.id": os.environ["GROUP"], "group.protocol": "consumer"}),
     "transactions": transactions, "admin": admin, "lag": lag}[sys.argv[1]]()
