make_node 400

# What would be, then what is: without a policy all versions.
t backup-cli compact --dry-run log.bkp
t backup-cli compact log.bkp
t backup-cli verify --deep log.bkp
backup-cli restore log.bkp one.sqlite3 >/dev/null
same one.sqlite3 node/lightningd.sqlite3
ls

# The node goes on with it.
simnode --plugin "$PLUGIN" --dir node --generate 450
t backup-cli verify log.bkp

# Who follows it goes on with the successor.
followed() { # waits until so many lines were told
	for i in $(seq 300); do
		[ "$(wc -l <follow.out)" -ge "$1" ] && break
		sleep 0.1
	done
}
backup-cli log --follow --json -n 2 log.bkp >follow.out 2>/dev/null &
follower=$!
followed 2
backup-cli compact log.bkp >/dev/null
simnode --plugin "$PLUGIN" --dir node --generate 452 >/dev/null
followed 4
kill $follower
wait $follower 2>/dev/null
sed 's/.*"version":\([0-9]*\),.*/followed \1/' follow.out

# Of a log with keyframes, all but what came in the last second goes.
counts() {
	sed 's/[0-9][0-9]* \(frame\|change\|keyframe\|page\|version\)s\{0,1\}\>/N \1s/g; s/\(oldest \(is\|that is kept is\)\) [0-9]*/\1 N/'
}
play() {
	simnode --plugin "$PLUGIN" --dir busy --generate "$1" | sed 's/.*, to/to/'
}
mkdir busy
backup-cli init --lightning-dir busy busy.bkp >/dev/null
echo "{\"backend_url\": \"file://$PWD/busy.bkp\", \"keyframe_changes\": 10}" >busy/backup.lock
play 400
sleep 2
play 450
cp busy.bkp whole.bkp
t backup-cli compact --keep-all 1s busy.bkp | counts
t backup-cli restore --version 5 busy.bkp five.sqlite3 | counts
backup-cli log --json busy.bkp 2>/dev/null | grep -c '"note":"kept"'
backup-cli show busy.bkp "$(backup-cli log --json --reverse busy.bkp 2>/dev/null | sed 's/.*"version":\([0-9]*\).*/\1/;q')" | sed -n 2p
t backup-cli verify --deep busy.bkp | counts
play 460
t backup-cli compact --keep-all 1s --json busy.bkp | sed 's/":	[0-9][0-9]*/":	N/'

# What ran unwatched is missing, and still said to be, among what is not kept.
mkdir gap
backup-cli init --lightning-dir gap gap.bkp >/dev/null
simnode --plugin "$PLUGIN" --dir gap --generate 110 --calls 100 --kill-plugin after:100 --unimportant --unwatched 10 >/dev/null
simnode --plugin "$PLUGIN" --dir gap --generate 200 >/dev/null
sleep 2
simnode --plugin "$PLUGIN" --dir gap --generate 300 >/dev/null
backup-cli compact --keep-all 1s --keep-hourly 1d gap.bkp >/dev/null
backup-cli log gap.bkp 2>/dev/null | grep missing
backup-cli log --json gap.bkp 2>/dev/null | grep unwatched | sed 's|.*\("unwatched".*\)|\1|'

# A compaction of before, put back in its place, is older than the log that the plugin saw.
cp busy.bkp first.bkp
play 465
cp busy.bkp newest.bkp
backup-cli compact --keep-all 1s busy.bkp >/dev/null
mv busy.bkp second.bkp
cp first.bkp busy.bkp
play 466 2>&1 | sed -n 's/.*\(is not the log that it was: it [a-z]*\).*/\1/p'
cp whole.bkp busy.bkp
play 466 2>&1 | sed -n 's/.*\(is not the log that it was: it [a-z]*\).*/\1/p'
mv second.bkp busy.bkp
play 466
rm first.bkp newest.bkp

# A policy in backup.lock, beside the other keys.
t backup-cli compact --lightning-dir busy --set-policy --keep-all 1d --dry-run | sed 2q
grep -c keep\": busy/backup.lock
t backup-cli compact --lightning-dir busy --set-policy --keep-all 30d --keep-daily 5y --keep-monthly forever | sed 2q
cat busy/backup.lock
t backup-cli compact --lightning-dir busy --dry-run | sed 2q
play 470
t backup-cli compact --set-policy --lightning-dir busy
t backup-cli compact --set-policy --keep-all 1d log.bkp
t backup-cli compact --keep-all soon log.bkp
t backup-cli compact --max-size 4GB log.bkp

# No room within its size.
t backup-cli compact --max-size 1000 whole.bkp

# Damage is not hidden, but by word.
cp whole.bkp damaged.bkp
printf XXXX | dd of=damaged.bkp bs=1 seek=30000 conv=notrunc 2>/dev/null
t backup-cli compact damaged.bkp

# What was left behind goes with the next start.
: >busy.bkp.successor.new
play 480
ls
