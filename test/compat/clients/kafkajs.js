// kafkajs. See ../doc.go for what each step is to do.
const { Kafka, CompressionTypes, logLevel } = require('kafkajs')
const { BOOTSTRAP, TOPIC, GROUP, CA, SASL_USER, SASL_PASSWORD } = process.env
const n = Number(process.env.N)
const NOT_THERE = 3
const how = { clientId: 'compat', brokers: [BOOTSTRAP], logLevel: logLevel.NOTHING }
if (CA) {
  how.ssl = { ca: [require('fs').readFileSync(CA)] }
  how.sasl = { mechanism: 'scram-sha-256', username: SASL_USER, password: SASL_PASSWORD }
}
const kafka = new Kafka(how)

async function produce() {
  const p = kafka.producer({ idempotent: true })
  await p.connect()
  const messages = Array.from({ length: n }, (_, i) => ({ key: `k${i}`, value: `v${i}` }))
  await p.send({ topic: TOPIC, compression: CompressionTypes.GZIP, messages })
  await p.disconnect()
}

async function read() {
  const c = kafka.consumer({ groupId: GROUP })
  await c.connect()
  await c.subscribe({ topic: TOPIC, fromBeginning: true })
  let seen = 0
  const next = {}
  await new Promise((resolve, reject) => {
    c.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        console.log(message.value.toString())
        next[partition] = String(BigInt(message.offset) + 1n)
        if (++seen === n) resolve()
      },
    }).catch(reject)
  })
  await c.commitOffsets(Object.entries(next).map(([partition, offset]) => ({ topic: TOPIC, partition: Number(partition), offset })))
  await c.disconnect()
}

async function transactions() {
  const p = kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: GROUP })
  await p.connect()
  for (const word of ['c', 'a']) {
    const t = await p.transaction()
    await t.send({ topic: TOPIC, messages: Array.from({ length: n }, (_, i) => ({ value: `${word}${i}` })) })
    await (word === 'c' ? t.commit() : t.abort())
  }
  await p.disconnect()
}

async function admin() {
  const a = kafka.admin()
  await a.connect()
  await a.createTopics({ topics: [{ topic: TOPIC, numPartitions: 2, configEntries: [{ name: 'retention.ms', value: '3600000' }] }, { topic: TOPIC + '-gone' }] })
  const d = await a.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: TOPIC }] })
  if (!d.resources[0].configEntries.some((e) => e.configName === 'retention.ms' && e.configValue === '3600000')) throw new Error('retention.ms is another one')
  await a.createPartitions({ topicPartitions: [{ topic: TOPIC, count: 4 }] })
  await a.deleteTopics({ topics: [TOPIC + '-gone'] })
  await a.disconnect()
}

async function lag() {
  const a = kafka.admin()
  await a.connect()
  const [committed] = await a.fetchOffsets({ groupId: GROUP, topics: [TOPIC] })
  const ends = await a.fetchTopicOffsets(TOPIC)
  const sum = (list) => list.reduce((n, p) => n + Number(p.offset), 0)
  console.log(sum(ends) - sum(committed.partitions))
  await a.disconnect()
}

const steps = { produce, secure: produce, consume: read, group: read, transactions, admin, lag }
const step = process.argv[2]
if (step === 'version') {
  console.log(require('kafkajs/package.json').version)
} else if (!steps[step]) {
  process.exit(NOT_THERE)
} else {
  steps[step]().then(() => process.exit(0), (e) => { console.error(e); process.exit(1) })
}
