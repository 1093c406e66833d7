# Times as people write them; what they were taken for is said.
make_node 10
year() { date -u +%Y; }
head() { backup-cli log --limit 1 "$@" log.bkp 2>/dev/null | awk 'NR == 2 {print $1}'; }
exact() { backup-cli log --limit 1 --json log.bkp | sed -n "s/.*\"$1\":\"*\([^\",]*\).*/\1/p"; }

# Each is the past, and the newest version came since.
for time in '1 hour' '2 hours ago' 2h '30 min' yesterday 'yesterday 12:00' today '1h30m' '-2 days' \
	"$(date -u +%Y%m%dT000000Z)" "$(date -u +%Y%m%d)" "@$(($(date +%s) - 100))" "$(($(date +%s) - 100))" \
	"$(exact time)" "$(exact time_us)"; do
	[ "$(head --since "$time")" = 8 ] || echo "--since $time"
done
for time in now "$(exact time)" "$(exact time_us)" "$(date -u +%H:%M:%S)"; do
	backup-cli restore --at "$time" log.bkp head.sqlite3 >/dev/null 2>&1 && rm head.sqlite3 || echo "--at $time"
done

# Before the log began there is nothing; the newest is not given instead.
for time in '1 hour' '2 hours ago' yesterday 2h 19700101T000000Z 1; do
	backup-cli restore --at "$time" log.bkp x.sqlite3 >/dev/null 2>&1
	echo "$time: $?"
done
[ ! -e x.sqlite3 ]

# A time of day is the newest that has come: never another year's, and never tomorrow's.
backup-cli log --since 23:59:59 log.bkp 2>&1 >/dev/null | sed "s/$(year)-/YEAR-/; s/$(date -u -d yesterday +%Y)-/YEAR-/; s/-[0-9-]*T/-DATE-T/"

# Versions of that time stand before some that came earlier by a clock that went back.
LD_PRELOAD="$OTHERWORLD" OTHER_SECONDS=-86400 simnode --plugin "$PLUGIN" --dir node --generate 14 >/dev/null
backup-cli log --since '2 hours ago' log.bkp 2>/dev/null | awk 'NR > 1 {print $1}'
backup-cli log --since '2 hours ago' --reverse --limit 3 log.bkp 2>/dev/null | awk 'NR > 1 {print $1}'

# What is yet to come is refused where the past is meant.
t backup-cli restore --at '+1 hour' log.bkp x.sqlite3
t backup-cli restore --at 2999-01-01 log.bkp x.sqlite3
t backup-cli log --since 2999-01-01 log.bkp
t backup-cli log --until 2999-01-01 --limit 1 log.bkp
