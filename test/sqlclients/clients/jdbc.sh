exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx256m -cp "$JARS/*" "$(dirname "$0")/Jdbc.java" "$1"
