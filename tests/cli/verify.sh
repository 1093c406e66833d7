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
t backup-cli verify --deep busy.bkp | sed 's/[0-9][0-9]* \(frames\|keyframes\|pages\)/N \1/g'

# Another database than the log's.
cp node/lightningd.sqlite3 other.sqlite3
sqlite3 other.sqlite3 "UPDATE schema_version SET version = 99"
t backup-cli verify --against other.sqlite3 log.bkp

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
