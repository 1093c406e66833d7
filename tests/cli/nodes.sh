# Whose log is it? Each node has one of its own.
init() {
	t backup-cli init --lightning-dir "$@" | grep -v -e '^Warning: the backup is on the same' -e '^Load the plugin' -e '^hsm_secret'
}
database() { # DIR NODE VERSION
	mkdir -p $1
	sqlite3 $1/lightningd.sqlite3 "CREATE TABLE vars (name PRIMARY KEY, val, intval, blobval);
		INSERT INTO vars (name, intval) VALUES ('data_version', $3);
		INSERT INTO vars (name, blobval) VALUES ('node_id', x'$2')"
}
database ours 02aa 40
database theirs 03bb 40
init ours ours.bkp
t backup-cli log ours.bkp
t backup-cli verify ours.bkp
t backup-cli verify --json ours.bkp | grep node
t backup-cli restore ours.bkp look.sqlite3

# Another node's database does not go into it, whatever its version is, nor with its backup.lock.
init theirs ours.bkp
cp ours/backup.lock theirs
init theirs ours.bkp
sqlite3 theirs/lightningd.sqlite3 "UPDATE vars SET intval = 90 WHERE name = 'data_version'"
init theirs ours.bkp
sqlite3 theirs/lightningd.sqlite3 "UPDATE vars SET intval = 3 WHERE name = 'data_version'"
init theirs ours.bkp
# A log of its own it gets, though the other's is newer.
init theirs theirs.bkp
t backup-cli verify --against theirs/lightningd.sqlite3 ours.bkp
