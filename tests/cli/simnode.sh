# The simulated lightningd that the other cases use: what it says and how it ends.
make_node 20
sim() {
	t simnode --plugin "$PLUGIN" --dir node "$@"
}
t simnode
t simnode --plugin "$PLUGIN" --dir node
t simnode --plugin /no/such/plugin --dir node --generate 10

# It goes on from where the node's database is, as far as it is told.
sim --generate 40 --calls 2
sim --generate 40 --to 25 --each
sim --generate 40 --calls 1 --split bytes --join --init-after 1
sim --generate 40 --calls 1 --plugin-start
gentrace --calls 40 --out trace.jsonl
sim --trace trace.jsonl

# A gap, and how it heals.
sim --generate 50 --calls 2 --unwatched 3
sim --generate 60 --calls 1 --log

# The plugin dies: an important one takes the node with it.
sim --generate 60 --calls 2 --kill-plugin during:2
sim --generate 60 --calls 2 --kill-plugin after:1
sim --generate 60 --calls 4 --kill-plugin after:1 --unimportant
sim --generate 80 --calls 1

# The plugin refuses: the node stops before it commits, and goes on when that is mended.
mv node/backup.lock lock
sim --generate 80 --calls 5
mv lock node/backup.lock
sim --generate 80 --calls 5 --log
t backup-cli verify --against node/lightningd.sqlite3 log.bkp
