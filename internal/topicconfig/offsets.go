package topicconfig

// ConsumerOffsets is the internal topic that shows what consumer groups commit. No other has its name.
const ConsumerOffsets = "__consumer_offsets"
