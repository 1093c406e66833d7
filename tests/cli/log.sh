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
