# What SQLite finds wrong with the node's own database is told, at the beginning and later, and is no
# damage to the log.
init() {
	t backup-cli init --lightning-dir "$@" | grep -v -e '^Warning: the backup is on the same' -e '^Load the plugin' -e '^hsm_secret'
}
mkdir node
sqlite3 node/lightningd.sqlite3 "CREATE TABLE vars (name PRIMARY KEY, intval);
	INSERT INTO vars VALUES ('data_version', 7);
	CREATE TABLE m (a INT CHECK (a > 0)); PRAGMA ignore_check_constraints = ON; INSERT INTO m VALUES (-5);
	CREATE TABLE p (id); CREATE TABLE c (x REFERENCES p (id));
	CREATE TABLE q (id PRIMARY KEY); CREATE TABLE d (x REFERENCES q); INSERT INTO d VALUES (1), (2)"
init node log.bkp
t backup-cli verify log.bkp
t backup-cli verify --deep log.bkp | sed 's/[0-9]* pages/N pages/'
t backup-cli verify --json log.bkp | sed -n '/"own"/,/]/p'
t backup-cli restore log.bkp restored.sqlite3
same restored.sqlite3 node/lightningd.sqlite3
init node log.bkp

# Views and triggers are none of lightningd's.
mkdir forged
sqlite3 forged/lightningd.sqlite3 "CREATE TABLE vars (name PRIMARY KEY, intval);
	INSERT INTO vars VALUES ('data_version', 7); CREATE TABLE t (x);
	CREATE VIEW channels AS SELECT 1; CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 2; END"
init forged forged.bkp
t backup-cli verify forged.bkp
t backup-cli restore forged.bkp forged.sqlite3

# What cannot be backed up at all.
mkdir bad
cp node/lightningd.sqlite3 bad
printf 'garbage' | dd of=bad/lightningd.sqlite3 bs=1 seek=100 conv=notrunc status=none
init bad bad.bkp
ls bad

# Without a lightning directory at hand, as the older plugin has it.
mkdir home disk
t env HOME="$PWD/home" backup-cli init "file://$PWD/disk/new.bkp"
t backup-cli verify disk/new.bkp
t env HOME="$PWD/home" backup-cli init "file://$PWD/disk/new.bkp"
ls -A home disk
mkdir -p home/.lightning/bitcoin
t env HOME="$PWD/home" backup-cli init "file://$PWD/disk/new.bkp"

# While lightningd runs.
t holdlock node/lightningd-bitcoin.pid backup-cli init --lightning-dir node log.bkp | grep -v -e '^Load' -e '^hsm' -e '^Warning: the backup'
