# A new log in an old one's place, which is kept aside.
lines() {
	sed -e 's/before-\([0-9a-f]\{8\}\|damaged\)-[0-9-]\{10\}/before-ID-DATE/; s/at version [0-9]*/at version N/' \
		-e '/^Warning: the backup is on the same/d; /^Load the plugin/d; /^hsm_secret/d'
}
replace() {
	t backup-cli init --replace --lightning-dir "$@" | lines
}
make_node 60
backup-cli restore --version 40 log.bkp then.sqlite3 >/dev/null
replace node log.bkp
ls | lines
t backup-cli verify --deep log.bkp
t backup-cli log --limit 3 log.bkp
for before in log.bkp.before-*; do
	backup-cli restore --version 40 "$before" again.sqlite3 >/dev/null
	same then.sqlite3 again.sqlite3
done
simnode --plugin "$PLUGIN" --dir node --generate 80

# Not in the place of what is no log, another node's, a newer one's, one that is held; and where
# nothing stands it is as without.
echo text >text.bkp
replace node text.bkp
replace node fresh.bkp
cp log.bkp newer.bkp
cp node/lightningd.sqlite3 new.sqlite3
backup-cli restore --version 70 log.bkp older.sqlite3 >/dev/null
cp older.sqlite3 node/lightningd.sqlite3
replace node newer.bkp
cp new.sqlite3 node/lightningd.sqlite3

# A damaged one is kept all the same.
printf XXXX | dd of=newer.bkp bs=1 seek=2 conv=notrunc 2>/dev/null
: | dd of=newer.bkp bs=1 seek=4000 2>/dev/null
replace node newer.bkp
ls | lines
