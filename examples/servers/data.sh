# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# The data set that servers are compared with, for those who have sourced common.sh.

# write_data KEYS: as commands, so many keys of each type, of every encoding that there is for them:
# strings of 1 to 400 bytes and integers; lists, hashes, sets, sorted sets and streams of a few
# elements, one in ten with some that are too long for a packed encoding. The same for each call.
write_data() {
    awk -v keys="$1" '
        # Numbers that look random, from 0 to below.
        function some(below) {
            seed = (seed * 16807) % 2147483647
            return seed % below
        }
        function value(longest) {
            return substr(filler, 1, 1 + some(longest))
        }
        function say(command) {
            printf "%s\r\n", command
        }
        BEGIN {
            seed = 20240131
            filler = sprintf("%400s", "")
            gsub(/ /, "v", filler)
            for (key = 0; key < keys; key++) {
                longest = key % 10 ? 20 : 100
                list = set = hash = sorted = ""
                for (i = 0; i < 6; i++) {
                    list = list " " value(longest)
                    set = set " " (key % 3 ? some(1000) : value(longest) i)
                    hash = hash " field" i " " value(longest)
                    sorted = sorted " " some(1000) " member" i value(longest)
                }
                say("SET string:" key " " (key % 4 ? value(400) : some(2147483647)))
                say("RPUSH list:" key list)
                say("SADD set:" key set)
                say("HSET hash:" key hash)
                say("ZADD sorted:" key sorted)
                for (i = 1; i < 4; i++)
                    say("XADD stream:" key " " i "-1 field " value(longest))
            }
        }'
}

# write_churn KEYS: what makes holes in the data set: every second string, list and hash goes, and
# every third string becomes a longer one.
write_churn() {
    awk -v keys="$1" '
        BEGIN {
            filler = sprintf("%800s", "")
            gsub(/ /, "w", filler)
            for (key = 0; key < keys; key++) {
                if (key % 2)
                    printf "DEL string:%d list:%d hash:%d\r\n", key, key, key
                if (key % 3 == 0)
                    printf "SET string:%d %s\r\n", key, substr(filler, 1, 400 + key * 7919 % 400)
            }
        }'
}

# give NAME WRITER KEYS: lets a server have what write_data or write_churn writes.
give() {
    # shellcheck disable=SC2154
    given=$work/$1/given
    "$2" "$3" | cli "$1" --pipe >"$given" 2>&1 || true
    grep -q '^errors: 0, ' "$given" ||
        fail "$1 does not take the data set: $(tail -n 1 "$given")"
}
