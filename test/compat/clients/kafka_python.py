"""kafka-python. See ../doc.go for what each step is to do."""
import os, sys
import kafka
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic

NOT_THERE = 3
topic, n = os.environ["TOPIC"], int(os.environ["N"])
how = dict(bootstrap_servers=os.environ["BOOTSTRAP"], client_id="compat")
if os.environ.get("CA"):
    how.update(security_protocol="SASL_SSL", ssl_cafile=os.environ["CA"], sasl_mechanism="SCRAM-SHA-256",
               sasl_plain_username=os.environ["SASL_USER"], sasl_plain_password=os.environ["SASL_PASSWORD"])


def produce():
    p = kafka.KafkaProducer(compression_type="gzip", **how)
    sent = [p.send(topic, f"v{i}".encode(), f"k{i}".encode()) for i in range(n)]
    for s in sent:
        s.get(timeout=30)


def read(commit, group):
    c = kafka.KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False, consumer_timeout_ms=30000, **how)
    seen = 0
    for m in c:
        print(m.value.decode())
        seen += 1
        if seen == n:
            break
    if seen < n:
        sys.exit("nothing comes")
    if commit:
        c.commit()
    c.close()


def transactions():
    p = kafka.KafkaProducer(transactional_id=os.environ["GROUP"], **how)
    p.init_transactions()
    for word, end in (("c", p.commit_transaction), ("a", p.abort_transaction)):
        p.begin_transaction()
        for i in range(n):
            p.send(topic, f"{word}{i}".encode())
        p.flush()
        end()


def admin():
    a = KafkaAdminClient(**how)
    a.create_topics([NewTopic(topic, 2, 1, topic_configs={"retention.ms": "3600000"}), NewTopic(topic + "-gone", 1, 1)])
    if "3600000" not in str(a.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])):
        sys.exit("retention.ms is another one")
    a.create_partitions({topic: 4})
    a.delete_topics([topic + "-gone"])


def lag():
    committed = KafkaAdminClient(**how).list_group_offsets(os.environ["GROUP"])[os.environ["GROUP"]]
    ends = kafka.KafkaConsumer(**how).end_offsets(list(committed))
    print(sum(ends[p] - o.offset for p, o in committed.items()))


if sys.argv[1] == "version":
    print(__import__("importlib.metadata", fromlist=["version"]).version("kafka-python"))
elif sys.argv[1] == "group848":
    sys.exit(NOT_THERE)
else:
    {"produce": produce, "secure": produce, "consume": lambda: read(False, None), "group": lambda: read(True, os.environ["GROUP"]),
     "transactions": transactions, "admin": admin, "lag": lag}[sys.argv[1]]()
