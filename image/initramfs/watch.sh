# Say what happens, feed the hardware's watchdog while it does, and start again where it takes too long.
# shellcheck shell=sh

FEEDING=/run/hub-feed-until # seconds since the kernel started; then what is being done

say() { echo "<5>hub: $*" >/dev/kmsg; }
complain() { echo "<3>hub: $*" >/dev/kmsg; }

uptime_s() {
    read -r now_s _ </proc/uptime
    echo "${now_s%%.*}"
}

# From now on $1 seconds are allowed for what $2 says; then the feeding ends, and the watchdog bites.
allow() {
    echo "$(($(uptime_s) + $1)) $2" >"$FEEDING.new" && mv "$FEEDING.new" "$FEEDING"
}

# Feeds in the background, and where there is no watchdog restarts by itself when time is up.
start_feeding() {
    device=/dev/null
    if [ -c /dev/watchdog ]; then device=/dev/watchdog; else complain "no watchdog: a hang is noticed here, but not later"; fi
    feed 3>"$device" &
    feeder=$!
}

feed() {
    while read -r until what <"$FEEDING"; do
        if [ "$(uptime_s)" -ge "$until" ]; then
            complain "$what takes too long; starting again"
            restart
        fi
        printf . >&3
        sleep 2 3>&-
    done
}

# Killed, not ended: a device that is closed without a last word keeps its watchdog armed, for systemd to take over.
stop_feeding() {
    kill -9 "$feeder"
    wait "$feeder" 2>/dev/null
}

restart() {
    sync
    echo b >/proc/sysrq-trigger
    reboot -f
    sleep 60
}
