make_node 10
t backup-cli log log.bkp
t backup-cli log -n 3 "file://$PWD/log.bkp"
t backup-cli log --limit 1 log.bkp
t backup-cli log --limit 1000 log.bkp
t backup-cli log --all log.bkp
t backup-cli log --json --limit 2 log.bkp
t backup-cli log --json --all --limit 3 log.bkp
# All digits of a microsecond.
backup-cli log --json --limit 1 log.bkp | grep -c '"time_us":[0-9]\{16\},'

# Oldest first, sizes and rows, by table and by text.
t backup-cli log --reverse log.bkp
t backup-cli log --reverse -n 2 log.bkp
t backup-cli log --reverse --all -n 2 log.bkp
t backup-cli log --stat -n 3 log.bkp
t backup-cli log --stat --json -n 2 log.bkp
t backup-cli log --table PEERS log.bkp
t backup-cli log -t nothing log.bkp
t backup-cli log --grep "'data_version' AND intval = 5" log.bkp
t backup-cli log --grep 'no such text' --json log.bkp
t backup-cli log --at now log.bkp
t backup-cli log --at '1 hour' log.bkp
t backup-cli log --at now --since yesterday log.bkp
t backup-cli log --follow --until now log.bkp

# What follows comes while it is watched, once each, also where it was struck out before.
followed() { # waits until so many lines were told
	for i in $(seq 300); do
		[ "$(wc -l <follow.out)" -ge "$1" ] && break
		sleep 0.1
	done
}
backup-cli log --follow --json -n 2 log.bkp >follow.out 2>/dev/null &
follower=$!
followed 2
simnode --plugin "$PLUGIN" --dir node --generate 20 --calls 2 >/dev/null
followed 4
kill $follower
wait $follower 2>/dev/null
sed 's/.*"version":\([0-9]*\),.*/followed \1/' follow.out

# By time.
t backup-cli log --since '-1 hour' --limit 2 log.bkp
t backup-cli log --since '2020-01-01' --until now --limit 1 log.bkp
t backup-cli log --until '-1 hour' log.bkp
t backup-cli log --since '+1 hour' --json log.bkp
t backup-cli log --since 'last summer' log.bkp

# The times that are printed, in seconds or exact, can be given back.
seconds=$(backup-cli log --limit 1 log.bkp | awk 'NR == 2 {print $2}')
exact=$(backup-cli log --limit 1 --json log.bkp | sed -n 's/.*"time":"\([^"]*\)".*/\1/p')
t backup-cli log --until "$seconds" --limit 1 log.bkp
t backup-cli log --until "$exact" --since "$exact" log.bkp
backup-cli restore --at "$seconds" log.bkp at-seconds.sqlite3 >/dev/null
backup-cli restore --at "$exact" log.bkp at-exact.sqlite3 >/dev/null
same at-seconds.sqlite3 node/lightningd.sqlite3
same at-exact.sqlite3 node/lightningd.sqlite3

# What a rewind struck out: the node is killed after the answer, before its commit.
simnode --plugin "$PLUGIN" --dir node --generate 20 --calls 3 --kill-node during:3 >/dev/null 2>&1 || true
simnode --plugin "$PLUGIN" --dir node --generate 20 --calls 3 >simnode.out 2>&1
tail -n 1 simnode.out
t backup-cli log --limit 3 log.bkp

# A gap: versions that nobody saw are not there, and the snapshot that healed it is.
simnode --plugin "$PLUGIN" --dir node --generate 40 --calls 2 --unwatched 5 >/dev/null
simnode --plugin "$PLUGIN" --dir node --generate 40 --calls 2 >/dev/null
t backup-cli log --limit 5 log.bkp
t backup-cli log --limit 4 --json log.bkp

# Nothing in it.
mkdir node2
backup-cli init --lightning-dir node2 empty.bkp >/dev/null
t backup-cli log empty.bkp
t backup-cli log --json empty.bkp
t backup-cli log --all empty.bkp
t backup-cli log nothing.bkp
