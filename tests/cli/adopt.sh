# init where a log stands at URL already: it is taken if it is that of the node's database.
lines() { # the first lines of init say what it did; the rest is always the same
	grep -v -e '^Warning: the backup is on the same' -e '^Load the plugin' -e '^hsm_secret'
}
init() {
	t backup-cli init --lightning-dir "$@" | lines
}
make_node 100
cp -r node before
simnode --plugin "$PLUGIN" --dir node --generate 120 >/dev/null
cp node/backup.lock lock

# The same version: with backup.lock, and without.
init node log.bkp
rm node/backup.lock
init node log.bkp
cat node/backup.lock

# The newest change was never committed.
cp lock node/backup.lock
killed_node 130
rm node/backup.lock
init node log.bkp
t simnode --plugin "$PLUGIN" --dir node --generate 130 --calls 3 --log

# The database is older than the log: it lost state, whether backup.lock names the log or not.
init before log.bkp
rm before/backup.lock
init before log.bkp
ls before

# It is newer: only where backup.lock names that log is it known to be the node's.
cp lock node/backup.lock
cp log.bkp short.bkp
simnode --plugin "$PLUGIN" --dir node --generate 140 --calls 4 --unwatched 4 >/dev/null
init node log.bkp
sed 's/"keyframe/"on_gap": "halt", "keyframe/' lock >node/backup.lock
init node log.bkp
rm node/backup.lock
init node log.bkp
ls node
cp lock node/backup.lock
simnode --plugin "$PLUGIN" --dir node --generate 150 --calls 4 >/dev/null
init node log.bkp

# A database of the same version that is another one.
mkdir other
cp node/lightningd.sqlite3 other
sqlite3 other/lightningd.sqlite3 "UPDATE schema_version SET version = 99"
init other log.bkp

# There is none: the log is to be restored. Or there is nothing to restore.
mkdir empty
init empty log.bkp
ls empty
mkdir new
backup-cli init --lightning-dir new new.bkp >/dev/null
rm new/backup.lock
init new new.bkp
cp node/lightningd.sqlite3 new
rm new/backup.lock
init new new.bkp
simnode --plugin "$PLUGIN" --dir new --generate 155 --calls 2 >/dev/null
t backup-cli verify --against new/lightningd.sqlite3 new.bkp

# While a plugin holds the log, it is nobody else's.
cp node/lightningd.sqlite3 empty
t flock log.bkp backup-cli init --lightning-dir empty log.bkp | sed 's/held by .*/held by .../'

# A log that is damaged.
cp log.bkp bad.bkp
size=$(stat -c %s bad.bkp)
printf '\377' | dd of=bad.bkp bs=1 seek=$((size - 2000)) conv=notrunc status=none
init empty bad.bkp | sed 's/offset [0-9]*/offset N/'
init before bad.bkp

# What is no log.
head -c 2000 /dev/zero >zero.bkp
(printf '\0\0\0\1\0\0\0\052\0\0\0\0\0\0\2\200\0\0\0\051\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\007' && head -c 988 /dev/zero) >python.bkp
echo text >text.bkp
mkfifo fifo.bkp
for what in zero.bkp python.bkp text.bkp fifo.bkp node; do
	t timeout 20 backup-cli init --lightning-dir empty $what
done
ls empty

# What is to be pasted is quoted where a shell would take it apart.
mkdir "my node"
t backup-cli init --lightning-dir "my node" log.bkp

# A disk that is older than the mirror, database and log: the mirror knows better.
mkdir twice
backup-cli init --lightning-dir twice --mirror m.bkp twice.bkp >/dev/null
simnode --plugin "$PLUGIN" --dir twice --generate 10 >/dev/null
mkdir disk
cp -r twice twice.bkp disk
simnode --plugin "$PLUGIN" --dir twice --generate 20 >/dev/null
rm twice.bkp
mv disk/twice.bkp .
cp disk/twice/lightningd.sqlite3 twice
init twice twice.bkp
cp disk/twice/backup.lock twice
init twice twice.bkp
rm twice/backup.lock
init twice --mirror m.bkp twice.bkp
init twice --mirror m.bkp --without m.bkp twice.bkp
init twice --without elsewhere.bkp twice.bkp
# A mirror that is away; and one that is new.
rm m.bkp* twice/backup.lock
mkdir m.bkp
init twice --mirror m.bkp twice.bkp | sed 's/cannot open.*directory\././'
init twice --mirror m2.bkp twice.bkp
