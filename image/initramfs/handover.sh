# What the running system finds: memory over /etc and /var, its identity, a command line that is ours.
# shellcheck shell=sh disable=SC2154  # variables of init and slots.sh

# Prints the words of a command line without those that Raspberry Pi Imager and its kin add: they would
# run a script of theirs in place of the hub.
our_words() {
    for word in "$@"; do
        case $word in
            systemd.run=* | systemd.run_*=* | systemd.unit=* | init=* | ds=* | cloud-init=*) ;;
            *) printf '%s ' "$word" ;;
        esac
    done
    echo
}

# Prints one more word while the slot is on trial: units ask for it with ConditionKernelCommandLine=hub.trial.
trial_word() {
    if [ "$state" = trying ]; then echo hub.trial; fi
}

# Lays memory over folder $1 of the new root: what is written there is gone at the next start.
lay_over() {
    mkdir -p "/run/over/$1/upper" "/run/over/$1/work"
    mount -t overlay -o "lowerdir=/new/$1,upperdir=/run/over/$1/upper,workdir=/run/over/$1/work" over "/new/$1"
}

# Puts folders of the data partition where programs look for them: lines `folder-in-data  target`.
bind_data() {
    [ -r /new/usr/lib/hub/binds ] || return 0
    while read -r from to; do
        case $from in '' | '#'*) continue ;; esac
        if ! { mkdir -p "/new/data/$from" "/new$to" && mount --bind "/new/data/$from" "/new$to"; }; then
            complain "$to is in memory only: binding it to /data/$from failed"
        fi
    done </new/usr/lib/hub/binds
}

# The machine's id, made at the first start; one that a cut has damaged is made again.
give_machine_id() {
    kept=/new/data/card/machine-id
    if ! grep -qxE '[0-9a-f]{32}' "$kept" 2>/dev/null; then
        tr -d - </proc/sys/kernel/random/uuid >"$kept.new" && sync "$kept.new" && mv "$kept.new" "$kept" && sync /new/data/card
    fi
    cp "$kept" /new/etc/machine-id
}

# No hub's clock goes behind the build of its image, nor behind the time it last kept; one that is five years
# ahead of both woke up wrong. Times are seconds since 1970, in $1 and following.
raise_clock() {
    floor=0
    for at in "$@"; do
        if [ "$at" -gt "$floor" ]; then floor=$at; fi
    done
    now=$(date +%s)
    if [ "$now" -lt "$floor" ] || [ "$now" -gt $((floor + 157680000)) ]; then
        date -s "@$floor" >/dev/null && say "the clock said $now; set to $floor, the newest time known"
    fi
}

# Prints the time kept in file $1: the same number on two lines, so that a flipped bit is not believed.
kept_time() {
    { read -r once && read -r twice; } 2>/dev/null <"$1" || return 0
    case $once in *[!0-9]* | '' | ??????????????*) return 0 ;; esac
    if [ "$once" = "$twice" ]; then echo "$once"; fi
}
