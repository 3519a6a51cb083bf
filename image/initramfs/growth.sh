# Grow the data partition, the fourth and last, to the end of its disk; nothing of that disk may be mounted yet.
# shellcheck shell=sh

DATA_ENTRY=494 # of the partition table: 446 + 3 x 16
LARGEST=4294967295 # sectors that an entry of an MBR can name
LEAST=16384 # sectors, 8 MiB: less than this at the end is not worth a write

# Grows partition 4 of disk $1, of $2 sectors. One number in one sector is written, so that a cut leaves
# the old size or the new one; called at every boot, it does nothing where nothing is left to take.
grow_partition() {
    [ "$(bytes_at "$1" 510 2 x1)" = "55 aa" ] || return 1
    [ "$(bytes_at "$1" $((DATA_ENTRY + 4)) 1 x1)" = 83 ] || return 1
    start=$(bytes_at "$1" $((DATA_ENTRY + 8)) 4 u4)
    size=$(bytes_at "$1" $((DATA_ENTRY + 12)) 4 u4)
    room=$(($2 - start))
    if [ "$room" -gt "$LARGEST" ]; then room=$LARGEST; fi
    room=$((room / 2048 * 2048))
    [ $((room - size)) -ge "$LEAST" ] || return 0
    little_endian "$room" | dd of="$1" bs=1 seek=$((DATA_ENTRY + 12)) conv=notrunc,fsync 2>/dev/null
}

# Whether partition $1 still takes what is written: its first sector, which no ext4 uses, is written as it is.
takes_writes() {
    dd if="$1" of="$1" bs=512 count=1 conv=notrunc,fsync 2>/dev/null
}

bytes_at() { # bytes_at FILE OFFSET COUNT FORMAT
    dd if="$1" bs=1 skip="$2" count="$3" 2>/dev/null | od -An -t "$4" | sed 's/^ *//; s/ *$//'
}

little_endian() {
    # shellcheck disable=SC2059  # the octal bytes are the format
    printf "$(printf '\\%03o\\%03o\\%03o\\%03o' \
        $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"
}
