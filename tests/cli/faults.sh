# Faults put in, one after the other: status says each, and no heartbeat is sent; without a fault it says
# none, and one is.
export ASAN_OPTIONS=verify_asan_link_order=0
python3 "$(dirname "$1")/../support/beat.py" port beats &
beat=$!
trap 'kill $beat' EXIT
tries=0
while [ ! -s port ] && [ $((tries += 1)) -lt 200 ]; do sleep 0.05; done
play() {
	simnode --plugin "$PLUGIN" --dir w/node --generate "$@" >/dev/null 2>&1
}
# What status says, in its words for programs; whether a heartbeat came.
look() { # NAME [COMMAND...]
	name=$1
	shift
	: >beats
	"$@" backup-cli status --lightning-dir w/node --json --heartbeat >json 2>/dev/null
	code=$?
	printf '%-28s exit %d, %s: %s\n' "$name" $code "$([ -s beats ] && echo "heartbeat   " || echo "no heartbeat")" \
		"$(sed -n 's/.*"kind":	"\(.*\)".*/\1/p' json | tr '\n' ' ')"
}
# As it was, with lightningd and its plugin there or not.
running() {
	holdlock w/node/lightningd-regtest.pid flock w/log/log.bkp "$@"
}
fresh() {
	rm -rf w
	cp -a well w
}
fault() { # NAME [COMMAND...]: what was put in is taken out again
	look "$@"
	fresh
}

mkdir -p w/node w/log w/m1 w/m2
backup-cli init --lightning-dir w/node --mirror w/m1/m.bkp --mirror w/m2/m.bkp --quorum 2 --on-outage 1 w/log/log.bkp >/dev/null
sed -i "s|^{|{\"heartbeat\": \"http://127.0.0.1:$(cat port)/alive\",|" w/node/backup.lock
look 'nothing was written yet'
backup-cli drill --lightning-dir w/node 2>/dev/null
look 'nor was it restored'
play 200
cp -a w early
play 400
cp -a w well

look 'stopped'
look 'running' running
play 405
look 'it went on'
fresh

# The places.
mv w/m1 away
fault 'the place is not there'
rm w/m1/*
fault 'it was emptied'
cp early/m1/* w/m1
fault 'it is behind, stopped'
cp early/m1/* w/m1
fault 'it is behind, running' env LD_PRELOAD="$OTHERWORLD" OTHER_SECONDS=120 holdlock w/node/lightningd-regtest.pid flock w/log/log.bkp
cp -a w twin
play 410
cp w/m1/* twin/m1
rm -rf w
mv twin w
fault 'it is ahead'
cp -a w twin
play 410
cp -a w/m1 went
rm -rf w
mv twin w
play 430 # longer, whatever the follower wrote: what a place has behind the log's end is not looked at
cp went/* w/m1
t backup-cli mirror --lightning-dir w/node list
fault 'it went on by itself'
head -c 30000 well/m2/m.bkp >w/m2/m.bkp
fault 'it is shorter than it was'
mkdir other
backup-cli init --lightning-dir other w/m2/other.bkp >/dev/null
mv w/m2/other.bkp w/m2/m.bkp
rm w/m2/m.bkp.durable
fault 'it holds another log'
mkdir bin
printf '#!/bin/sh\nexec sleep 20\n' >bin/ssh
chmod +x bin/ssh
sed -i 's|file://[^"]*/m2/m.bkp|ssh://far/m.bkp|' w/node/backup.lock
fault 'it does not answer' env PATH="$PWD/bin:$PATH"

# The log.
mv w/log/log.bkp aside.bkp
fault 'the log is not there'
cp early/log/log.bkp w/log/log.bkp
fault 'the log is an older one'
# What damage costs hangs on where keyframes are. The snapshot that closes a gap is there for certain, and behind it
# are too few changes for another; the gap itself is told for a day.
later="env LD_PRELOAD=$OTHERWORLD OTHER_SECONDS=172800"
damaged() { # OFFSET
	play 450 --calls 2 --unwatched 3
	play 480
	size=$(stat -c %s w/log/log.bkp)
	printf '\377\377' | dd of=w/log/log.bkp bs=1 seek=$((($1 + size) % size)) conv=notrunc status=none
}
damaged -3000
fault 'damaged near its end' $later
damaged 5000
look 'damaged far from it' $later
backup-cli verify w/log/log.bkp >/dev/null
fault 'and that was found' $later
chmod 755 w/log
chmod 644 w/log/log.bkp
fault 'wrong modes'
echo >w/log/log.bkp.successor.new
look 'a compaction was interrupted'
look 'one is at work' flock w/log/log.bkp.successor.new
fault 'beside a plugin' running
ln w/log/log.bkp before.bkp
backup-cli compact --keep-all 0 --lightning-dir w/node >/dev/null
play 410
look 'compacted'
mv before.bkp w/log/log.bkp
fault 'the one before it'

# The node.
play 450 --calls 2 --unwatched 3
fault 'the node went on'
play 450 --calls 2 --unwatched 3
play 450
look 'a gap was closed'
look 'a gap, two days later' $later
fresh
cp early/node/lightningd.sqlite3 w/node
fault 'an older database'
play 405
set_back="UPDATE vars SET intval = intval - 1 WHERE name = 'data_version'"
sqlite3 w/node/lightningd.sqlite3 "$set_back"
look 'its version set back'
play 410
fault 'which the plugin takes'
play 405
sqlite3 w/node/lightningd.sqlite3 "$set_back; INSERT INTO vars (name) VALUES ('one')"
fault 'and something else changed'
rm w/node/lightningd.sqlite3
fault 'no database'
sqlite3 w/node/lightningd.sqlite3 "INSERT INTO vars (name, blobval) VALUES ('node_id', x'02aa')"
play 410
look 'a hand edit was healed'
sqlite3 w/node/lightningd.sqlite3 "UPDATE vars SET blobval = x'03bb' WHERE name = 'node_id'"
fault 'the log of another node'
fault 'no plugin' holdlock w/node/lightningd-regtest.pid
sed -i 's|^{|{"database": "nowhere.sqlite3",|' w/node/backup.lock
play 410
sed -i 's|"database":[^,]*,||' w/node/backup.lock
fault 'a doubt'

# What takes time.
mv w/m1 away
mkdir w/m1
mv w/m2 away2
mkdir w/m2
mkdir w/m1/m.bkp w/m2/m.bkp
play 410
rm -rf w/m1 w/m2
mv away w/m1
mv away2 w/m2
look 'the quorum was missed'
play 420
fault 'and met again'
sed -i 's|^{|{"keyframe_changes": 0,|' w/node/backup.lock
play 1600
look 'no keyframes'
sed -i 's|"keyframe_changes":[^,]*,||' w/node/backup.lock
look 'the follower is behind'
fault 'it stands still' env LD_PRELOAD="$OTHERWORLD" OTHER_SECONDS=1200
fault 'a full disk' env LD_PRELOAD="$OTHERWORLD" OTHER_FREE=1000000
fault 'the clock went back' env LD_PRELOAD="$OTHERWORLD" OTHER_SECONDS=-3600
later="env LD_PRELOAD=$OTHERWORLD OTHER_SECONDS=3456000"
look 'never tried' $later
backup-cli verify w/log/log.bkp >/dev/null
backup-cli drill --lightning-dir w/node >/dev/null
look 'verified and tried'
fault 'and long ago' $later
backup-cli drill --dir nowhere --lightning-dir w/node 2>/dev/null
fault 'a trial that failed'
backup-cli drill --lightning-dir w/node >/dev/null
$later backup-cli verify --part next/2 w/log/log.bkp >/dev/null
look 'one part alone, later' $later
$later backup-cli verify --part next/2 w/log/log.bkp >/dev/null
fault 'and the other one' $later

# The heartbeat itself.
sed -i 's|/alive|/nothing|' w/node/backup.lock
t backup-cli status --lightning-dir w/node --json --heartbeat | grep -v '^[{}	]'
sed -i 's|"heartbeat":[^,]*,||' w/node/backup.lock
t backup-cli status --lightning-dir w/node --json --heartbeat | grep -v '^[{}	]'
rm w/node/backup.lock
t backup-cli status --lightning-dir w/node
