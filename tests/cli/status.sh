# What status, drill and a verified part say, and that their JSON is what the manual page describes.
docs=$(dirname "$1")/../../docs
support=$(dirname "$1")/../support
ages() { # and how long it took
	sed -e 's/[0-9]* [a-z]* ago/AGE ago/g; s/in [0-9.]* s/in N s/; s/within [0-9.]* ms/within N ms/; s/, 99 %.*/, 99 % .../' \
		-e 's/SIZE free.*/SIZE free/; s/free, enough.*/free/; s/; [0-9]* versions.*//' \
		-e 's/[0-9]* of 3 parts/N of 3 parts/; s/: [0-9]* frames.*/: .../; s/[0-9]* tables, [0-9]* rows/N tables, N rows/' \
		-e '/^Not looked at: the pages/d' # that there are older keyframes hangs on the follower
}
export ASAN_OPTIONS=verify_asan_link_order=0
mkdir node m1
t backup-cli status --lightning-dir node
backup-cli init --lightning-dir node --mirror m1/m.bkp --quorum 2 --on-outage 1 log.bkp >/dev/null
t backup-cli status --lightning-dir node | ages
simnode --plugin "$PLUGIN" --dir node --generate 300 >/dev/null
t backup-cli status --lightning-dir node | ages
(cd node && t backup-cli status) | ages
t backup-cli status log.bkp | ages
ls -l log.bkp.state 2>/dev/null

# A trial, and a part.
t backup-cli drill --lightning-dir node | ages
t backup-cli drill --dir . log.bkp | ages
t backup-cli drill --dir . --json log.bkp | sed 's/"seconds":.*/"seconds":	N,/'
ls
ls -l log.bkp.state | cut -c1-10
t backup-cli verify --part 2/3 log.bkp | ages
t backup-cli verify --part next/3 log.bkp | ages | sed -n 2p
t backup-cli verify --part next/3 log.bkp | ages | sed -n 2p
t backup-cli verify --part next/3 log.bkp | ages | sed -n 2p
t backup-cli verify --part 1/3 --json log.bkp | grep part
t backup-cli status --lightning-dir node | ages

# What is at fault comes first, with what mends it.
mv m1 aside
mkdir m1
chmod 644 log.bkp
sqlite3 node/lightningd.sqlite3 'DELETE FROM vars; INSERT INTO vars (name, intval) VALUES ("data_version", 250)'
t backup-cli status --lightning-dir node | ages
t backup-cli drill --lightning-dir node | ages
t backup-cli status --lightning-dir node | ages | grep -e drill

# As JSON: each key is one that the manual page names, and each that it names can be there.
backup-cli status --lightning-dir node --json >one
rmdir m1
echo >m1
backup-cli status --lightning-dir node --json >two
rm m1
mkdir m1
cp aside/* m1
head -c 100 m1/m.bkp >m1/short
backup-cli status --lightning-dir node --json >three
mv node/lightningd.sqlite3 node/aside.sqlite3
backup-cli status --lightning-dir node --json >four
mkdir gap
backup-cli init --lightning-dir gap --mirror gap/m.bkp --quorum 2 --on-outage 1 gap/log.bkp >/dev/null
simnode --plugin "$PLUGIN" --dir gap --generate 30 --unwatched 3 --calls 10 >/dev/null
sqlite3 gap/lightningd.sqlite3 "INSERT INTO vars (name, blobval) VALUES ('node_id', x'02aa')"
sed -i 's|^{|{"database": "nowhere.sqlite3",|' gap/backup.lock
simnode --plugin "$PLUGIN" --dir gap --generate 40 --calls 4 >/dev/null 2>&1
sed -i 's|"database":[^,]*,||' gap/backup.lock
simnode --plugin "$PLUGIN" --dir gap --generate 50 --calls 4 >/dev/null
cp gap/m.bkp before.bkp
cp gap/m.bkp.durable before.bkp.durable
mv gap/m.bkp gap/m.bkp.durable aside
mkdir gap/m.bkp
sed -i 's|^{|{"database": "nowhere.sqlite3",|' gap/backup.lock
simnode --plugin "$PLUGIN" --dir gap --generate 60 --calls 4 >/dev/null 2>&1
sed -i 's|"database":[^,]*,||' gap/backup.lock
rmdir gap/m.bkp
cp before.bkp gap/m.bkp
cp before.bkp.durable gap/m.bkp.durable
backup-cli status --lightning-dir gap --json >five
env LD_PRELOAD="$OTHERWORLD" OTHER_SECONDS=86400 backup-cli status --lightning-dir gap --json >six
python3 "$support/jsonkeys.py" one two three four five six >printed
sed -n '/^The JSON object/,/^\.El/p' "$docs/backup-cli-status.1" | sed -n 's/^\.It Va //p' | sed 's/ , /\n/g' | sort >described
python3 - <<'P' >described.leaves
names = [line.strip() for line in open("described")]
# A list or an object is there with what it holds.
print("\n".join(n for n in names if not any(o.startswith(n + ".") or o.startswith(n + "[]") for o in names)))
P
diff -u described.leaves printed && wc -l <printed

# The same by the plugin, which answers another call meanwhile.
python3 "$support/rpc.py" "$PLUGIN" gap backup-status >rpc
backup-cli status --lightning-dir gap --json >five
python3 "$support/jsonkeys.py" five >printed
python3 "$support/jsonkeys.py" rpc | diff - printed && echo 'the same'
mkdir none
python3 "$support/rpc.py" "$PLUGIN" none backup-status

# As metrics: the format's own checks, and the same numbers.
backup-cli status --lightning-dir gap --prometheus | sed 's/[0-9][0-9.]*$/N/; s/log="[0-9a-f]*"/log="ID"/' | grep -v '^# HELP'
backup-cli status --lightning-dir gap --prometheus --output metrics.prom
ls -l metrics.prom | cut -c1-10
grep -c '^lightning_backup' metrics.prom

# The dashboard asks for no other metrics than these.
python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$docs/grafana.json"
grep -o 'lightning_backup_[a-z_]*' "$docs/grafana.json" | sort -u >asked
{
	grep -o '^lightning_backup_[a-z_]*' metrics.prom
} | sort -u >there
comm -23 asked there
comm -13 asked there

# As a picture.
t backup-cli status --plot picture.svg log.bkp >/dev/null
head -c 4 picture.svg
python3 -c 'import sys, xml.dom.minidom; print(len(xml.dom.minidom.parse("picture.svg").getElementsByTagName("text")) > 20)'

# A path is any bytes; who reads figures takes UTF-8 only.
odd=$(printf 'odd\377\033"x.bkp')
cp log.bkp "$odd"
backup-cli status --prometheus "$odd" | python3 -c 'import sys; print("\x1b" in sys.stdin.buffer.read().decode())'
rm "$odd"

# What makes no sense.
t backup-cli status --json --prometheus log.bkp
t backup-cli status --output x log.bkp
t backup-cli status --heartbeat log.bkp
t backup-cli status a b
t backup-cli status nothing.bkp
t backup-cli drill a b
t backup-cli drill nothing.bkp
t backup-cli verify --part 0/3 log.bkp
t backup-cli verify --part 4/3 log.bkp
t backup-cli verify --part 3 log.bkp
t backup-cli verify --part 1/400 log.bkp
t backup-cli verify --part 1/3 --deep log.bkp
