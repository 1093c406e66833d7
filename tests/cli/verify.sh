make_node 400
t backup-cli verify log.bkp
t backup-cli verify --deep log.bkp
t backup-cli verify --deep --threads 2 log.bkp
t backup-cli verify --against node/lightningd.sqlite3 log.bkp
t backup-cli verify --against node/lightningd.sqlite3 --json log.bkp
t backup-cli verify --json log.bkp

# With delta keyframes; how many there are already depends on how fast their thread was.
mkdir busy
backup-cli init --lightning-dir busy busy.bkp >/dev/null
simnode --plugin "$PLUGIN" --dir busy --generate 400 >/dev/null
t backup-cli verify --deep busy.bkp | sed 's/[0-9][0-9]* \(frame\|keyframe\|page\)s\{0,1\}\>/N \1s/g'

# Another database than the log's.
cp node/lightningd.sqlite3 other.sqlite3
sqlite3 other.sqlite3 "UPDATE schema_version SET version = 99"
t backup-cli verify --against other.sqlite3 log.bkp

# In several tables, and in what the header says.
sqlite3 other.sqlite3 "INSERT INTO vars (name) VALUES ('mine'); DELETE FROM vars WHERE name = 'data_version'; INSERT INTO vars (name, intval) VALUES ('data_version', 398); CREATE TABLE mine (x); PRAGMA user_version = 7"
t backup-cli verify --against other.sqlite3 log.bkp
t backup-cli verify --against other.sqlite3 --json log.bkp

# The same of another version than the newest is a difference; so is nothing at all.
cp busy/lightningd.sqlite3 behind.sqlite3
simnode --plugin "$PLUGIN" --dir busy --generate 500 >/dev/null
t backup-cli verify --against behind.sqlite3 busy.bkp
: >empty.sqlite3
t backup-cli verify --against empty.sqlite3 log.bkp
t backup-cli verify --against empty.sqlite3 --json log.bkp
t backup-cli verify --against busy/lightningd.sqlite3 log.bkp
t backup-cli verify --against nothing.sqlite3 log.bkp

# SQLite's own statistics are data too: what it plans depends on them.
cp node/lightningd.sqlite3 like.sqlite3
sqlite3 like.sqlite3 "ANALYZE; CREATE TABLE sqliteXstatus (x)"
t backup-cli verify --against like.sqlite3 log.bkp

# Nothing was ever written to it.
mkdir node0
backup-cli init --lightning-dir node0 node0.bkp >/dev/null
t backup-cli verify node0.bkp
t backup-cli verify --json node0.bkp

# A write that never finished is no damage.
cp log.bkp torn.bkp
printf 'half a frame' >>torn.bkp
t backup-cli verify torn.bkp

# Nor are zeros that a writer lays ahead: not a word of them.
cp log.bkp zeros.bkp
truncate -s +256K zeros.bkp
t backup-cli verify zeros.bkp

# A byte that is not what it was.
cp log.bkp bad.bkp
size=$(stat -c %s bad.bkp)
printf '\377' | dd of=bad.bkp bs=1 seek=$((size / 2)) conv=notrunc status=none
t backup-cli verify bad.bkp | sed 's/[0-9][0-9]*/N/g'
t backup-cli verify --json bad.bkp | sed 's/[0-9][0-9]*/N/g'
# The list says which versions it hides.
t backup-cli log bad.bkp | sed -n '/^ .*damage/{s/^ *[0-9]*  [^ ]*/N  TIME/;p;}; /^[^ ]/{s/[0-9][0-9]*/N/g;p;}' | uniq
t backup-cli log --limit 100 bad.bkp | grep -c damage
echo 'no log' >no.bkp
t backup-cli verify no.bkp
t backup-cli verify nothing.bkp

# A copy that was taken while the log grew: zeros where the plugin wrote only later, then what it wrote.
ends=$(stat -c %s log.bkp)
simnode --plugin "$PLUGIN" --dir node --generate 410 --calls 10 >/dev/null
cp log.bkp copied.bkp
dd if=/dev/zero of=copied.bkp bs=1 seek="$ends" count=500 conv=notrunc status=none
t backup-cli verify copied.bkp | sed 's/offset [0-9]*/offset N/'
t backup-cli restore copied.bkp copied.sqlite3 | sed 's/offset [0-9]*/offset N/'

# Versions that nobody saw.
mkdir gap
backup-cli init --lightning-dir gap gap.bkp >/dev/null
echo "{\"backend_url\": \"file://$PWD/gap.bkp\", \"keyframe_changes\": 0}" >gap/backup.lock
for args in "" "--unwatched 4" ""; do
	simnode --plugin "$PLUGIN" --dir gap --generate 40 --calls 4 $args >/dev/null
done
t backup-cli verify gap.bkp | sed 's/^SIZE.*/.../'
t backup-cli verify --json gap.bkp | sed -n '/"gaps"/,/]/p'
