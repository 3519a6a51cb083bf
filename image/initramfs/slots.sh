# Which slot starts, and how often it may still try: slot1.env and slot2.env beside config.txt on the FAT partition.
# hub/card/slots.py reads and writes the same files on the running hub; docs/adr/0015-slots.md says why so.
# Sets and uses: seq slot state tries failed (as in the files), verdict, changed.
# shellcheck shell=sh disable=SC2034  # they are read by init

SLOT_TRIES=3

# Reads the newer valid copy of the state in folder $1; where there is none, slot is empty.
read_slots() {
    seq=0 slot='' state='' tries=0 failed=-
    for copy in "$1/slot1.env" "$1/slot2.env"; do
        if read_copy "$copy" && { [ -z "$slot" ] || [ "$copy_seq" -gt "$seq" ]; }; then
            seq=$copy_seq slot=$copy_slot state=$copy_state tries=$copy_tries failed=$copy_failed
        fi
    done
    [ -n "$slot" ]
}

# One line of words; its sum is of the line as we would write these values, so nothing else is taken.
read_copy() {
    [ -r "$1" ] || return 1
    read -r magic copy_seq copy_slot copy_state copy_tries copy_failed sum rest <<END
$(head -c 511 "$1" | head -n 1)
END
    copy_seq=${copy_seq#seq=} copy_slot=${copy_slot#slot=} copy_state=${copy_state#state=}
    copy_tries=${copy_tries#tries=} copy_failed=${copy_failed#failed=}
    [ "$magic$rest" = hub-slots-1 ] || return 1
    [ "$sum" = "sum=$(sum_of "$copy_seq" "$copy_slot" "$copy_state" "$copy_tries" "$copy_failed")" ]
}

words_of() { # words_of SEQ SLOT STATE TRIES FAILED
    echo "hub-slots-1 seq=$1 slot=$2 state=$3 tries=$4 failed=$5"
}

sum_of() {
    words_of "$@" | sha256sum | cut -c 1-16
}

# Writes the state into both copies in folder $1, the older or broken one first. In place, one sector
# each: whatever moment the power goes, one copy is whole, and no table of the FAT changes.
write_slots() {
    first=slot1.env second=slot2.env
    if read_copy "$1/slot1.env" && [ "$copy_seq" -eq "$seq" ]; then first=slot2.env second=slot1.env; fi
    seq=$((seq + 1))
    line="$(words_of "$seq" "$slot" "$state" "$tries" "$failed") sum=$(sum_of "$seq" "$slot" "$state" "$tries" "$failed")"
    for copy in "$first" "$second"; do
        printf '%-511s\n' "$line" | dd of="$1/$copy" bs=512 count=1 conv=notrunc,fsync 2>/dev/null || return 1
    done
}

# Points the firmware to slot $2: one letter in `os_prefix=a/` of config.txt in folder $1, in place.
point_firmware() {
    offsets=$(awk '/^os_prefix=[ab]\// { print total + 10 } { total += length($0) + 1 }' "$1/config.txt") || return 1
    [ -n "$offsets" ] || return 1
    for offset in $offsets; do
        printf '%s' "$2" | dd of="$1/config.txt" bs=1 seek="$offset" conv=notrunc,fsync 2>/dev/null || return 1
    done
}

other_slot() {
    if [ "$1" = a ]; then echo b; else echo a; fi
}

# Decides what the slot that runs, $1, does, from the state as read: verdict boot or back, and whether
# the state changed; back: the state is already that of the other slot, which config.txt has to name.
decide_slot() {
    verdict=boot changed=no
    if [ -z "$slot" ]; then
        slot=$1 state=good tries=0 failed=-
    elif [ "$slot" != "$1" ]; then
        # config.txt names this one: the switch was not finished, or was undone.
        if [ "$state" = trying ] && [ "$tries" -eq 0 ]; then failed=$slot; elif [ "$failed" = "$1" ]; then failed=-; fi
        slot=$1 state=good tries=0 changed=yes
    elif [ "$state" = trying ] && [ "$tries" -gt 0 ]; then
        tries=$((tries - 1)) changed=yes
    elif [ "$state" = trying ]; then
        give_up_slot "$1"
    fi
}

# The slot that runs, $1, cannot start. One on trial gives way to the good one; a good one's twin is on trial.
give_up_slot() {
    verdict=back changed=yes failed=$1
    slot=$(other_slot "$1")
    if [ "$state" = trying ]; then state=good tries=0; else state=trying tries=$SLOT_TRIES; fi
}
