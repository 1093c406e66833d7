# Mirrors: named, brought level by the plugin, waited for by a quorum, taken away, begun anew.
lines() { # what depends on which directories are on one disk
	grep -v -e 'is on the same' -e '^Load the plugin' -e '^hsm_secret'
}
run_node() {
	simnode --plugin "$PLUGIN" --dir node --generate "$@" --log 2>&1 | grep -e mirror -e places -e refuse | sort
}
level() { # as the plugin leaves its mirrors when it ends
	cmp "$1" "$2" && echo "the same bytes"
}
mkdir node
t backup-cli init --lightning-dir node --mirror m1.bkp --mirror file://$PWD/m2.bkp --quorum 3 log.bkp | lines
cat node/backup.lock
t backup-cli mirror --lightning-dir node list | lines
run_node 60
level log.bkp m1.bkp
level log.bkp m2.bkp
t backup-cli mirror --lightning-dir node | lines

# A mirror is a log.
backup-cli restore m1.bkp restored.sqlite3 >/dev/null
same node/lightningd.sqlite3 restored.sqlite3

# One is away: the node waits, goes on, and says so; the log says from which version on.
t backup-cli mirror --lightning-dir node quorum --on-outage 1 3
mv m2.bkp aside
mkdir m2.bkp
run_node 70 | sed 's/: cannot open.*//; s/is away:.*/is away/'
grep -a -A1 '^from=' log.bkp | tr -d '\000-\011\013-\037\200-\377' | grep -o -e '^from=[0-9]*$' -e '^places=3$'
t backup-cli mirror --lightning-dir node list | lines | sed 's/away:.*/away/'
rmdir m2.bkp
mv aside m2.bkp
run_node 80
level log.bkp m2.bkp

# Another's place, and one that went on with another history.
t backup-cli mirror --lightning-dir node remove m2.bkp
mkdir other
backup-cli init --lightning-dir other other.bkp >/dev/null
t backup-cli mirror --lightning-dir node add other.bkp 2>&1 | sed 's/([0-9a-f]*)/(ID)/'
t backup-cli mirror --lightning-dir node quorum 2
cp -r node twin
cp log.bkp twin.bkp
simnode --plugin "$PLUGIN" --dir node --generate 100 >/dev/null
# The twin's log is where the other's was: what the mirror has behind that is taken over.
sed -i "s|$PWD/log.bkp|$PWD/twin.bkp|" twin/backup.lock
simnode --plugin "$PLUGIN" --dir twin --generate 100 --log 2>&1 | grep -e '^info: took over' -e '^unusual: the node.s database is older' | cut -c1-200
t backup-cli mirror --lightning-dir node reset m1.bkp | lines
ls | grep -c 'm1.bkp.was-'
run_node 110
level log.bkp m1.bkp

# The log lost its end while the mirror that has it is away: not a byte is written. Then it is back.
cp log.bkp whole.bkp
head -c 3000 whole.bkp >log.bkp
mv m1.bkp aside
mkdir m1.bkp
simnode --plugin "$PLUGIN" --dir node --generate 120 --log 2>&1 | grep -o 'is not the log that it was: it has' | sort -u
head -c 3000 whole.bkp | cmp - log.bkp && echo "as it was"
rmdir m1.bkp
mv aside m1.bkp
run_node 120 | sed 's/took over [0-9]* bytes/took over N bytes/'
head -c $(wc -c <whole.bkp) log.bkp | cmp - whole.bkp && echo "all of it is there"

# What makes no sense.
t backup-cli mirror --lightning-dir node quorum 4
t backup-cli mirror --lightning-dir node quorum 0
t backup-cli mirror --lightning-dir node add log.bkp
cp log.bkp before.bkp
t backup-cli mirror --lightning-dir node add --anew log.bkp
ln -s log.bkp link.bkp
t backup-cli mirror --lightning-dir node add --anew link.bkp | lines
level before.bkp log.bkp
# Nor a mirror that there is already.
t backup-cli mirror --lightning-dir node add --anew m1.bkp 2>&1 | lines
ls | grep -e 'log.bkp.was-' -e 'm1.bkp.was-' | wc -l
t backup-cli mirror --lightning-dir node add m1.bkp 2>&1 | lines
t backup-cli mirror --lightning-dir node add gopher://x/y
t backup-cli mirror --lightning-dir node --anew reset m1.bkp
t backup-cli mirror --lightning-dir node --on-outage 5 add m1.bkp
t backup-cli mirror --lightning-dir node remove nowhere.bkp
t backup-cli mirror --lightning-dir node move m1.bkp
t backup-cli mirror --lightning-dir none list
