# The node's disk is gone: the database comes back, and the backup goes on with the same log.
make_node 100
cp node/lightningd.sqlite3 last.sqlite3
rm -r node
mkdir 'new disk'
t backup-cli restore log.bkp 'new disk' | tee said
same 'new disk/lightningd.sqlite3' last.sqlite3

# Without backup.lock lightningd does not start; what restore said next makes it start.
t simnode --plugin "$PLUGIN" --dir 'new disk' --generate 150 | sed 's/"id":"[^"]*"/"id"/'
sed -n 's/^Next: //p' said >next.sh
t sh next.sh
cat 'new disk/backup.lock'
t simnode --plugin "$PLUGIN" --dir 'new disk' --generate 150 --log
t backup-cli verify --against 'new disk/lightningd.sqlite3' log.bkp
t backup-cli verify --deep log.bkp | sed 's/[0-9][0-9]* \(frame\|keyframe\|page\)s\{0,1\}\>/N \1s/g'
backup-cli log --reverse log.bkp | awk '{print $1}' | sed -n '2p;$p'

# Once more, where backup.lock is still there: nothing is to be done.
mv 'new disk/lightningd.sqlite3' gone.sqlite3
t backup-cli restore log.bkp 'new disk'
t simnode --plugin "$PLUGIN" --dir 'new disk' --generate 160 --log
